//! A program without jobs and without anything that listens to its log.

#[tokio::main]
async fn main() -> Result<(), cron_runtime::Error> {
    cron_runtime::start().database("memory:").await?.shutdown().await.map(|_| ())
}
