//! Temporary (interop engineer): a sandbox as a program, until the Python wheel has CloudBlue.
use tenantry_sandbox::{ClockKind, Sandbox, SandboxOptions};
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let virt = std::env::args().any(|a| a == "virtual");
    let options = SandboxOptions { clock: if virt { ClockKind::Virtual } else { ClockKind::Real }, ..SandboxOptions::default() };
    let sandbox = Sandbox::start(options)?;
    println!("{}", sandbox.line());
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(())
}
