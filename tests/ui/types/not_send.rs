use std::rc::Rc;

use cron_runtime::job;

#[job(every = "30s")]
async fn holds_an_rc() {
    let shared = Rc::new(1);
    std::future::ready(()).await;
    drop(shared);
}

fn main() {}
