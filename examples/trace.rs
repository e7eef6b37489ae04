//! t
fn main(){ let q=sent_audit::query::QuerySet::load(&["queries"]).unwrap(); let j=sent_audit::detect::Judge::new(&q);
for f in std::env::args().skip(1){ let b=std::fs::read(&f).unwrap(); let m=sent_audit::message::parse(&b); println!("##### {f}\n{}", j.trace(&m)); } }
