//! A PostgreSQL cluster from the machine's own binaries, gone when the tests are.

use std::{
    env, fs,
    fs::File,
    io::Write as _,
    net::TcpListener,
    os::unix::{
        fs::PermissionsExt as _,
        process::{CommandExt as _, parent_id},
    },
    path::{Path, PathBuf},
    process::{Command, Output, Stdio, id},
    sync::OnceLock,
};

/// The variable that names a cluster to use instead of starting one: an administrator's URL.
pub const URL: &str = "TILLID_TEST_POSTGRES";

const MISSING: &str = "PostgreSQL's server programs were not found (initdb, pg_ctl): \
    install the Debian package `postgresql`, or set TILLID_TEST_POSTGRES to the URL of an administrator";

/// A running cluster.
#[derive(Debug)]
pub struct Cluster {
    /// How to connect as its administrator.
    pub url: String,
    home: Option<PathBuf>,
}

impl Cluster {
    /// The cluster of this run: the one that the environment names, or one that is started on first use and ends with the
    /// run. The processes of one `cargo nextest run` share theirs.
    pub fn shared() -> &'static str {
        static SHARED: OnceLock<String> = OnceLock::new();
        SHARED.get_or_init(|| {
            if let Ok(url) = env::var(URL) {
                return url;
            }
            let (run, owner) = match env::var("NEXTEST_RUN_ID") {
                Ok(run) => (run, parent_id()),
                Err(_) => (id().to_string(), id()),
            };
            start_once(&home_of(&run), owner)
        })
    }

    /// Starts a cluster of its own, which ends when it is stopped or when this process does.
    pub fn start() -> Self {
        let home = home_of(&format!("own-{}", id()));
        let url = start_once(&home, id());
        Self { url, home: Some(home) }
    }

    /// Stops it at once.
    pub fn stop(mut self) {
        if let Some(home) = self.home.take() {
            let stop = format!("{}; rm -rf {}", stop_line(&home), home.display());
            // The watchdog does the same when this process is gone, should this fail.
            let _ = quiet(Command::new("sh").arg("-c").arg(stop)).status();
        }
    }
}

fn home_of(run: &str) -> PathBuf {
    env::temp_dir().join(format!("tillid-postgres-{run}"))
}

/// Whoever comes first starts the cluster; the others wait for the lock and read where it is.
fn start_once(home: &Path, owner: u32) -> String {
    fs::create_dir_all(home).unwrap();
    fs::set_permissions(home, fs::Permissions::from_mode(0o755)).unwrap();
    let lock = File::create(home.join("lock")).unwrap();
    lock.lock().unwrap();
    let known = home.join("url");
    if let Ok(url) = fs::read_to_string(&known) {
        return url;
    }
    let url = launch(home, owner);
    File::create(&known).unwrap().write_all(url.as_bytes()).unwrap();
    url
}

fn launch(home: &Path, owner: u32) -> String {
    let data = home.join("data");
    let socket = home.join("socket");
    for dir in [&data, &socket] {
        fs::create_dir_all(dir).unwrap();
        fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).unwrap();
        if is_root() {
            must(Command::new("chown").arg("postgres").arg(dir));
        }
    }
    must(as_postgres("initdb").arg("-D").arg(&data).args([
        "--username=postgres",
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--no-sync",
    ]));
    watch(home, owner);
    // Somebody else may take the port between our asking for a free one and the server's taking it.
    for _ in 0..5 {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let options = format!(
            "-c port={port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={} -c max_connections=300 \
             -c fsync=off -c full_page_writes=off -c shared_buffers=64MB",
            socket.display()
        );
        let started = quiet(
            as_postgres("pg_ctl")
                .args(["start", "-w", "-s", "-D"])
                .arg(&data)
                .arg("-l")
                .arg(data.join("log"))
                .arg("-o")
                .arg(options),
        )
        .status();
        if started.is_ok_and(|status| status.success()) {
            return format!("postgres://postgres@127.0.0.1:{port}/postgres");
        }
    }
    panic!("PostgreSQL did not start: {}", fs::read_to_string(data.join("log")).unwrap_or_default());
}

/// Ends the cluster when its owner is gone, however that came.
fn watch(home: &Path, owner: u32) {
    let line = format!(
        "while kill -0 {owner} 2>/dev/null; do sleep 1; done; {}; rm -rf {}",
        stop_line(home),
        home.display()
    );
    // A group of its own: an interrupt at the terminal must not reach it.
    quiet(Command::new("sh").arg("-c").arg(line)).process_group(0).spawn().unwrap();
}

fn stop_line(home: &Path) -> String {
    let user = if is_root() { "runuser -u postgres -- " } else { "" };
    format!(
        "cd /; {user}{} stop -D {} -m immediate -s",
        program("pg_ctl").display(),
        home.join("data").display()
    )
}

fn is_root() -> bool {
    static ROOT: OnceLock<bool> = OnceLock::new();
    *ROOT.get_or_init(|| Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout == b"0\n"))
}

/// The servers of PostgreSQL refuse to run as root.
fn as_postgres(name: &str) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program(name));
        command
    } else {
        Command::new(program(name))
    };
    command.env("LC_ALL", "C.UTF-8").current_dir("/");
    command
}

/// Debian keeps the programs of each version in a folder of its own; the newest is taken.
fn program(name: &str) -> PathBuf {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|dir| Some((dir.file_name().to_str()?.parse().ok()?, dir.path().join("bin").join(name))))
        .filter(|(_, path)| path.is_file())
        .collect();
    versions.sort();
    if let Some((_, path)) = versions.pop() {
        return path;
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).map(|dir| dir.join(name)).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("{MISSING}"))
}

fn quiet(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null())
}

fn must(command: &mut Command) {
    let Output { status, stderr, .. } = command.stdin(Stdio::null()).output().unwrap();
    assert!(status.success(), "{command:?}: {}", String::from_utf8_lossy(&stderr));
}
