use cron_runtime::job;

struct Mailer;

impl Mailer {
    #[job(every = "30s")]
    async fn send() {}
}

fn main() {}
