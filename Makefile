.DEFAULT_GOAL := help
.PHONY: help demo test test-all build build-all wheel bench check

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Build (some minutes), then train AE, NRAE-L and NRAE-Q on a noisy curve and few images (a minute) and compare
	scripts/demo

test: ## Run every test, shaders included (installs a software Vulkan driver where there is none)
	scripts/vulkan
	scripts/test

test-all: ## What takes longer: every kernel family, another driver, release mode, benchmarks
	scripts/vulkan
	scripts/test-all

build: ## Build the release binary, target/release/nrae
	cargo build --release --locked

build-all: ## The same with every format: Parquet, Arrow, HDF5, .h5ad
	cargo build --release --locked --features all-formats

wheel: ## Build the Python package, target/wheels/*.whl (pip fetches what it needs)
	python3 -m pip wheel . --no-deps --wheel-dir target/wheels

bench: build ## Measure passes, the graph and the training step on this machine: some minutes
	for family in gemm conv jet rest knn step; do echo; target/release/nrae bench $$family || exit; done

check: ## Everything that must hold before a change lands: format, lints, documentation, tests
	scripts/check
