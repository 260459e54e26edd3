//! The `nrae` command. See `nrae --help`.

mod allocator;

#[global_allocator]
static ALLOCATOR: allocator::Allocator = allocator::Allocator;

fn main() -> std::process::ExitCode {
    leave_the_desktop_alone();
    nrae::cli::run()
}

/// Turns off Mesa's Vulkan layer that asks the desktop for the preferred GPU, where there is no
/// desktop or it was not asked to choose: its Wayland library would complain on standard error about
/// XDG_RUNTIME_DIR before everything else. nrae ranks the adapters by itself.
fn leave_the_desktop_alone() {
    let desktop = std::env::var_os("XDG_RUNTIME_DIR")
        .is_some_and(|path| std::path::Path::new(&path).is_absolute());
    let chosen = ["MESA_VK_DEVICE_SELECT", "DRI_PRIME"]
        .iter()
        .any(|name| std::env::var_os(name).is_some());
    if !desktop && !chosen {
        // SAFETY: no other thread runs yet, so none reads the environment meanwhile.
        unsafe { std::env::set_var("NODEVICE_SELECT", "1") };
    }
}
