//! The program: see `frostline --help`.

fn main() -> std::process::ExitCode {
    frostline::cli::main()
}
