.DEFAULT_GOAL := help
.PHONY: help build test check

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## Build the release binary, target/release/nrae
	cargo build --release --locked


test: ## Run every test, shaders included (installs a software Vulkan driver where there is none)
	scripts/vulkan
	cargo test --locked

check: ## Everything that must hold before a change lands
	.ci/run
