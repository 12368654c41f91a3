//! Onboards a merchant against the sandbox, on virtual time: `STORE_DB_PASSWORD=… cargo run -p tenantry --example onboard`.

use serde_json::json;
use tenantry::magento_bi::Client;
use tenantry::magento_bi::onboarding::{FlowOptions, OnboardingSpec};
use tenantry_sandbox::{ClockKind, Sandbox, SandboxOptions};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sandbox = Sandbox::start(SandboxOptions { clock: ClockKind::Virtual, ..SandboxOptions::default() })?;
    // A sandbox loses the reply to the connection's creation; the flow finds it in the list.
    sandbox.fault(json!({"operation": "magento_bi.connections.create", "when": "after", "drop": true}))?;
    let config = sandbox.line()["magento_bi"].to_string();
    let client = Client::builder().config_json(&config)?.clock(sandbox.clock()).build()?;

    let merchant = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/demo/merchant.toml"))?;
    let mut flow = client.onboarding(OnboardingSpec::from_toml(&merchant)?, FlowOptions::default())?;
    let outputs = flow.run(|event| println!("{:<22} {}", event.step, event.r#type)).await?;
    println!("client {}", outputs["client_id"]);
    Ok(())
}
