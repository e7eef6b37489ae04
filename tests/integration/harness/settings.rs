//! What a private Dovecot is told, in the syntax of 2.3 and in that of 2.4.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

/// Under whom the server's processes run: its own users where root starts it, else whoever does.
pub(super) struct Identity {
    internal: (String, String),
    login: String,
    /// Owner of the mail.
    pub(super) mail: (u32, u32),
    /// The owner's name.
    pub(super) mail_user: String,
    pub(super) is_root: bool,
}

impl Identity {
    pub(super) fn find() -> Self {
        let me = fs::metadata("/proc/self").unwrap();
        let named = |id: u32, flag: &str| {
            let output = Command::new("id").arg(flag).output().unwrap();
            let name = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            if output.status.success() {
                name
            } else {
                id.to_string()
            }
        };
        if me.uid() != 0 {
            let user = named(me.uid(), "-un");
            return Self {
                internal: (user.clone(), named(me.gid(), "-gn")),
                login: user.clone(),
                mail: (me.uid(), me.gid()),
                mail_user: user,
                is_root: false,
            };
        }
        Self {
            internal: ("dovecot".to_owned(), "dovecot".to_owned()),
            login: "dovenull".to_owned(),
            mail: user_ids("mail"),
            mail_user: "mail".to_owned(),
            is_root: true,
        }
    }
}

fn user_ids(name: &str) -> (u32, u32) {
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let fields = users
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields[0] == name)
        .unwrap_or_else(|| panic!("Debian has a user `{name}`"));
    (fields[2].parse().unwrap(), fields[3].parse().unwrap())
}

/// The whole configuration for a server below `root` that listens on two ports of 127.0.0.1.
///
/// `introspection` is where the server asks whose an access token is, if it takes any.
pub(super) fn text(
    root: &Path,
    identity: &Identity,
    ports: (u16, u16),
    introspection: Option<&str>,
    is_2_4: bool,
) -> String {
    let root = root.display();
    let mut particular = if is_2_4 {
        syntax_2_4(&root.to_string())
    } else {
        syntax_2_3(&root.to_string())
    };
    let mut mechanisms = "plain login";
    if let Some(url) = introspection {
        mechanisms = "plain login xoauth2 oauthbearer";
        particular += &if is_2_4 {
            tokens_2_4(url)
        } else {
            tokens_2_3(&root.to_string())
        };
    }
    let (internal_user, internal_group) = &identity.internal;
    let (user, group) = identity.mail;
    let chroot = if identity.is_root { "login" } else { "" };
    format!(
        r"{particular}
base_dir = {root}/run
state_dir = {root}/state
instance_name = sent-audit-{imap}
login_greeting = {root}
listen = 127.0.0.1
log_path = {root}/log
default_internal_user = {internal_user}
default_internal_group = {internal_group}
default_login_user = {login}
mail_uid = {user}
mail_gid = {group}
first_valid_uid = {user}
first_valid_gid = {group}
ssl = yes
auth_mechanisms = {mechanisms}
auth_master_user_separator = *
auth_failure_delay = 0
mail_max_userip_connections = 100
lock_method = fcntl
service anvil {{
  chroot =
  # Makes everybody at an address wait from whom a wrong password came.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
service imap-login {{
  chroot = {chroot}
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Sent {{
    special_use = \Sent
  }}
}}
",
        login = identity.login,
        imap = ports.0,
        imaps = ports.1,
    )
}

fn syntax_2_3(root: &str) -> String {
    format!(
        r"protocols = imap
disable_plaintext_auth = yes
ssl_cert = <{root}/server.pem
ssl_key = <{root}/server.key
mail_location = maildir:{root}/mail/%u:LAYOUT=fs
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {root}/masters
  master = yes
  result_success = continue
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {root}/users
}}
userdb {{
  driver = static
  args = home={root}/mail/%u allow_all_users=yes
}}"
    )
}

/// The versions must come first; sections have names; `mail_location` is split up.
fn syntax_2_4(root: &str) -> String {
    format!(
        r"dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
protocols {{
  imap = yes
}}
auth_allow_cleartext = no
ssl_server_cert_file = {root}/server.pem
ssl_server_key_file = {root}/server.key
mail_driver = maildir
mail_home = {root}/mail/%{{user}}
mail_path = {root}/mail/%{{user}}
mailbox_list_layout = fs
passdb masters {{
  driver = passwd-file
  default_password_scheme = PLAIN
  passwd_file_path = {root}/masters
  master = yes
  result_success = continue
}}
passdb users {{
  driver = passwd-file
  default_password_scheme = PLAIN
  passwd_file_path = {root}/users
}}
userdb static {{
  userdb_static_allow_all_users = yes
}}"
    )
}

/// Tokens of users, and of the master user for anybody.
fn tokens_2_3(root: &str) -> String {
    let passdb = |more: &str| {
        format!(
            "\npassdb {{\n  driver = oauth2\n  mechanisms = xoauth2 oauthbearer\n  args = {root}/oauth2.conf\n{more}}}"
        )
    };
    passdb("") + &passdb("  master = yes\n  result_success = continue\n")
}

/// What version 2.3 wants in a file of its own.
pub(super) fn oauth2_2_3(url: &str) -> String {
    format!(
        "introspection_mode = post\nintrospection_url = {url}\nforce_introspection = yes\n\
         username_attribute = username\nactive_attribute = active\nactive_value = true\n"
    )
}

fn tokens_2_4(url: &str) -> String {
    format!(
        r"
oauth2_introspection_mode = post
oauth2_introspection_url = {url}
oauth2_force_introspection = yes
oauth2_username_attribute = username
oauth2_active_attribute = active
oauth2_active_value = true"
    )
}
