use cron_runtime::job;

#[job(every = "30s")]
async fn number() -> u32 {
    7
}

#[job(every = "30s")]
fn value_in_result() -> Result<u32, String> {
    Ok(7)
}

struct Silent;

#[job(every = "30s")]
async fn error_without_words() -> Result<(), Silent> {
    Ok(())
}

fn main() {}
