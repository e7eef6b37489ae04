//! Scratch: scores the judge on labelled sets and counts rows on a corpus.
use sent_audit::{detect::{Judge, implied_organisation}, mailbox::Custodian, message, query::QuerySet, finding::{Owner,Place}};
use std::collections::BTreeMap;
fn main() {
    let q = QuerySet::load(&["queries"]).unwrap_or_else(|e| panic!("{e}"));
    let j = Judge::new(&q);
    let judge = |f: &std::path::Path| {
        let m = message::parse(&std::fs::read(f).unwrap());
        let from = m.from.first().cloned().unwrap_or_default();
        let c = Custodian { id: from.address.to_lowercase(), name: Some(from.name.clone()), ..Default::default() };
        j.judge(&m, &c, &implied_organisation(&from.address)).into_iter().find(|c| c.query_id == "client-notice")
    };
    for set in std::env::args().skip(1) {
        let set_path = std::path::Path::new(&set);
        let labels = std::fs::read_to_string(set_path.join("labels.jsonl"));
        if let Ok(labels) = labels {
            let mut g: BTreeMap<String, [f64; 8]> = BTreeMap::new();
            let (mut miss, mut alarm, mut conf) = (vec![], vec![], vec![]);
            for l in labels.lines() {
                let v: serde_json::Value = serde_json::from_str(l).unwrap();
                let id = v["id"].as_str().unwrap();
                let class = match v["class"].as_str().unwrap() { "notice_personal_contact" => "personal-contact", "notice_plain" => "open-notice", "not_notice" => "none", c => c }.to_owned();
                if class == "unsure" { continue; }
                let said = judge(&set_path.join("messages").join(format!("{id}.eml")));
                let saidv = said.as_ref().map_or("none", |c| c.verdict.as_str());
                let _ = said.as_ref().map(|c| c.contacts.iter().filter(|c| c.owner == Owner::Custodian && c.place != Place::Header).count());
                for k in ["all", v["lang"].as_str().unwrap()] {
                    let e = g.entry(k.to_owned()).or_default();
                    e[0] += 1.0;
                    if class != "none" { e[1] += 1.0; if saidv != "none" { e[2] += 1.0; if saidv == class { e[3] += 1.0; } } }
                    else if saidv != "none" { e[4] += 1.0; }
                }
                if class != "none" && saidv == "none" { miss.push(id.to_owned()); }
                if class == "none" && saidv != "none" { alarm.push(format!("{id}: {}", said.as_ref().map_or("", |c| c.notice.as_str()).replace('\n', " ").chars().take(110).collect::<String>())); }
                if class != "none" && saidv != "none" && saidv != class { conf.push(format!("{id} {class}->{saidv}")); }
            }
            println!("== {set}");
            for (k, e) in &g { println!("{k:4} n {:5} pos {:4} P {:.3} R {:.3} V {:.3}", e[0], e[1], e[2] / (e[2] + e[4]).max(1.0), e[2] / e[1].max(1.0), e[3] / e[2].max(1.0)); }
            if std::env::var("SHOW").is_ok() { println!("alarms:\n  {}\nmiss: {}\nconf: {}", alarm.join("\n  "), miss.join(" "), conf.join(" ; ")); }
        } else {
            let mut n = 0; let mut rows = vec![];
            let mut stack = vec![set_path.to_owned()];
            while let Some(d) = stack.pop() { for e in std::fs::read_dir(d).unwrap() { let p = e.unwrap().path(); if p.is_dir() { stack.push(p); } else { n += 1; if let Some(c) = judge(&p) { rows.push(format!("{} | {} | {}", p.display(), c.notice.replace('\n', " ").chars().take(150).collect::<String>(), c.reason.chars().skip(40).take(120).collect::<String>())); } } } }
            println!("== {set}: {n} messages, {} rows", rows.len());
            if std::env::var("SHOW").is_ok() { rows.sort(); println!("  {}", rows.join("\n  ")); }
        }
    }
}
