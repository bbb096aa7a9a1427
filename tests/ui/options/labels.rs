use cron_runtime::job;

#[job(every = "30s", group = "month end")]
async fn blank() {}

#[job(every = "30s", group = "")]
async fn empty() {}

#[job(every = "30s", tags = "nightly, very slow")]
async fn blank_in_a_tag() {}

#[job(every = "30s", tags = "nightly,")]
async fn tag_missing() {}

#[job(every = "30s", tags = "nightly, slow, nightly")]
async fn tag_twice() {}

#[job(every = "30s", tags = "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q")]
async fn too_many_tags() {}

#[job(every = "30s", was = "old name")]
async fn renamed() {}

#[job(every = "30s", was = "same")]
async fn same() {}

#[job(every = "30s", name = "new", was = "new")]
async fn same_by_its_name() {}

fn main() {}
