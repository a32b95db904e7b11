//! The function that sends pings: its code is run against a client that counts, its cost is a sum.

#![expect(clippy::float_cmp, reason = "numbers are written as they are read")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use frostline::config::load_text;
use frostline::report::deploy::{Deployment, sam, serverless, terraform};

use super::check;
use super::read::yaml;

/// A function that is pinged.
fn pinged(ping: &str, prices: &str) -> Deployment {
    let text = format!(
        "platform = \"aws-lambda\"\nduration = \"1 h\"\n{prices}\n\
         [[function]]\nname = \"f\"\nmodel = \"python-hello\"\nservice = \"10 ms\"\n\
         timeout = \"7 s\"\narrivals = {{ poisson = {{ rate = \"1 / s\" }} }}\n\
         [[policy]]\nname = \"pinged\"\nping = {{ {ping} }}\n"
    );
    let experiment = load_text("pinged", &text).unwrap_or_else(|faults| panic!("{faults}"));
    Deployment::of(&experiment.scenarios[0])
}

/// Stands in for the client of AWS: counts calls that are there at the same time.
const FAKE: &str = r#"
import sys, threading, time, types

class Answer:
    def read(self):
        return b""

class Client:
    lock = threading.Lock()
    now = most = dry = pings = early = 0

    def invoke(self, FunctionName, InvocationType="RequestResponse", Payload=""):
        if InvocationType == "DryRun":
            time.sleep(0.02 * (Client.dry % 5))
            with Client.lock:
                Client.dry += 1
            return {}
        import json
        assert json.loads(Payload) == {"ping": True, "hold_ms": 75}, Payload
        assert FunctionName == "f:live", FunctionName
        with Client.lock:
            Client.early += Client.dry < COUNT
            Client.pings += 1
            Client.now += 1
            Client.most = max(Client.most, Client.now)
        time.sleep(0.2)
        with Client.lock:
            Client.now -= 1
            if Client.pings == 1:
                raise RuntimeError("throttled")
        return {"Payload": Answer()}

def client(name, config):
    assert name == "lambda" and config["retries"] == {"total_max_attempts": 1}
    return Client()

boto3 = types.ModuleType("boto3")
boto3.client = client
botocore = types.ModuleType("botocore")
config = types.ModuleType("botocore.config")
config.Config = lambda **keys: keys
sys.modules.update({"boto3": boto3, "botocore": botocore, "botocore.config": config})

COUNT = 40
import index
index.handler({"function": "f:live", "instances": COUNT, "hold_ms": 75}, None)
print(Client.most, Client.pings, Client.dry, Client.early)
"#;

#[test]
fn all_pings_of_a_round_are_there_at_the_same_time() {
    let deployment = pinged("every = \"5 min\", instances = 40, hold = \"75 ms\"", "");
    let root: serde_json::Value = yaml(&sam(&deployment, &[]));
    let code = &root["Resources"]["FPingerFunction"]["Properties"]["Code"]["ZipFile"];
    let code = code.as_str().unwrap();
    // All three files have the same code, and none what ends or changes it.
    let other: serde_json::Value = yaml(&serverless(&deployment, &[]));
    let keys = &other["resources"]["Resources"]["FPingerFunction"]["Properties"];
    assert_eq!(keys["Code"]["ZipFile"], code);
    let main: serde_json::Value = hcl::from_str(&terraform(&deployment, &[])).unwrap();
    let archive = &main["data"]["archive_file"]["f_pinger"];
    assert_eq!(archive["source_content"], code);
    assert!(code.contains("max_pool_connections=500,"), "{code}");
    // CloudFormation takes so many characters in a template.
    assert!(code.len() < 4096);
    let dir: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pinger");
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("index.py"), code).unwrap();
    fs::write(dir.join("fake.py"), FAKE).unwrap();
    let run = Command::new("python3")
        .arg("fake.py")
        .current_dir(&dir)
        .output();
    let Ok(output) = run else {
        println!("skipped: there is no python3");
        return;
    };
    let told = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(told.lines().last(), Some("40 40 40 0"), "{told}\n{errors}");
}

#[test]
fn one_ping_a_round_is_sent_by_its_rule() {
    let deployment = pinged("every = \"5 min\"", "");
    assert_eq!(deployment.pinger, None);
    check(&deployment, &[]);
    assert!(!terraform(&deployment, &[]).contains("hashicorp/archive"));
    assert_eq!(deployment.remarks, Vec::<String>::new());
    let late = pinged(
        "every = \"5 min\", skew = { uniform = { min = \"0 s\", max = \"1 s\" } }",
        "",
    );
    assert!(
        late.remarks[0].contains("the skew of the pings"),
        "{:?}",
        late.remarks
    );
}

#[test]
fn more_pings_than_a_function_can_send_are_sent_by_hand() {
    let deployment = pinged("every = \"5 min\", instances = 501", "");
    assert_eq!(deployment.pinger, None);
    let told = deployment.remarks.join("\n");
    assert!(
        told.contains("By hand: the pings, 501 every 5 min"),
        "{told}"
    );
}

/// A month has 30 days, so 8,640 rounds of 5 minutes; each takes half a GB for the time that pings
/// are held and a second more.
#[test]
fn the_pinger_costs_its_rounds_and_their_time() {
    let prices = "[platform-override]\nprices = \"aws-lambda/us-east-1\"";
    let ping = "every = \"5 min\", instances = 6, hold = \"500 ms\"";
    let deployment = pinged(ping, prices);
    let pinger = deployment.pinger.clone().unwrap();
    let cost = pinger.cost.unwrap();
    assert_eq!(cost.requests, 8640.0);
    assert!((cost.gb_s - 8640.0 * 1.5 * 0.5).abs() < 1e-6);
    let usd = 8640.0 * 0.2e-6 + 6480.0 * 1.666_67e-5;
    assert!((cost.usd - usd).abs() < 1e-6, "{}", cost.usd);
    // Long enough for a ping that waits for a start: the timeout of the function, and a minute.
    assert_eq!(pinger.timeout_s, 67);
    for text in [
        terraform(&deployment, &[]),
        sam(&deployment, &[]),
        serverless(&deployment, &[]),
    ] {
        let comments: Vec<&str> = text
            .lines()
            .filter_map(|line| Some(line.trim_start().strip_prefix('#')?.trim()))
            .collect();
        let comments = comments.join(" ");
        assert!(
            comments.contains(
                "Its cost is not simulated: 0.11 USD a month: 8640 requests and 6480 GB-s"
            ),
            "{text}"
        );
    }
}

/// A function with a name of its own is not called as the pinger is.
#[test]
fn the_pinger_makes_room_for_a_function_of_its_name() {
    let text = "platform = \"aws-lambda\"\nduration = \"1 h\"\n\
         [[function]]\nname = \"f\"\nmodel = \"python-hello\"\n\
         service = \"10 ms\"\narrivals = { poisson = { rate = \"1 / s\" } }\n\
         [[function]]\nname = \"f-pinger\"\nmodel = \"python-hello\"\n\
         service = \"10 ms\"\narrivals = { poisson = { rate = \"1 / s\" } }\n\
         [[policy]]\nname = \"pinged\"\nping = { every = \"5 min\", instances = 2 }\n";
    let experiment = load_text("pinger", text).unwrap_or_else(|faults| panic!("{faults}"));
    let deployment = Deployment::of(&experiment.scenarios[0]);
    assert_eq!(deployment.functions[1].name, "f-pinger");
    assert_eq!(deployment.pinger.as_ref().unwrap().name, "f-pinger-2");
    check(&deployment, &[]);
}
