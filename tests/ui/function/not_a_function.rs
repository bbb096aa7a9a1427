use cron_runtime::job;

#[job(every = "30s")]
struct Report;

#[job(every = "30s")]
/// With a comment.
pub(crate) mod reports {}

#[job(every = "30s")]
impl Report {}

trait Reports {
    #[job(every = "30s")]
    async fn send();
}

#[job(every = "30s")]
const NOTHING: () = ();

fn main() {
    let _ = (Report, NOTHING);
}
