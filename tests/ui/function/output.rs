use cron_runtime::job;

#[job(every = "30s")]
fn future() -> impl Future<Output = ()> {
    async {}
}

#[job(every = "30s")]
fn never() -> ! {
    loop {}
}

fn main() {}
