//! d
use std::io::Write;
fn main(){ let q=sent_audit::query::QuerySet::load(&["queries"]).unwrap_or_else(|e| panic!("{e}")); let j=sent_audit::detect::Judge::new(&q);
let mut out=std::io::BufWriter::new(std::fs::File::create(std::env::args().nth(1).unwrap()).unwrap());
let stdin=std::io::read_to_string(std::io::stdin()).unwrap();
for f in stdin.lines(){ let (kind,f)=f.split_once('\t').unwrap(); 
 if kind=="tsv" { for (n,l) in std::fs::read_to_string(f).unwrap().lines().enumerate() { let Some((c,t))=l.split_once('\t') else {continue}; let raw=format!("Content-Type: text/plain; charset=utf-8\r\n\r\n{t}"); let m=sent_audit::message::parse(raw.as_bytes()); let d=j.dump(&m); writeln!(out,"{}",serde_json::json!({"id":format!("{f}:{n}"),"class":c,"s":d})).unwrap(); } }
 else { let b=std::fs::read(f).unwrap(); let m=sent_audit::message::parse(&b); if m.automatic {continue} writeln!(out,"{}",serde_json::json!({"id":f,"s":j.dump(&m)})).unwrap(); } } }
