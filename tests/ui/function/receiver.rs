use cron_runtime::job;

struct Mailer;

impl Mailer {
    #[job(every = "30s")]
    async fn send(&self) {}

    #[job(every = "30s")]
    async fn consume(self: Box<Self>) {}
}

fn main() {}
