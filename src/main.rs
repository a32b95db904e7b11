//! The program: see `frostline --help`.

/// With the system's allocator a tenth of the time went into memory, and a quarter where functions
/// are many.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    frostline::cli::main()
}
