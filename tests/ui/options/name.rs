use cron_runtime::job;

#[job(every = "30s", name = "close month")]
async fn blank() {}

#[job(every = "30s", name = "")]
async fn empty() {}

#[job(every = "30s", name = "-x")]
async fn sign() {}

fn main() {
    let _ = (blank::JOB, empty::JOB);
}
