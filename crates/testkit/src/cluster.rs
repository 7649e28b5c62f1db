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
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

/// The variable that names a cluster to use instead of starting one: an administrator's URL.
pub const URL: &str = "TILLID_TEST_POSTGRES";

const MISSING: &str = "PostgreSQL's server programs were not found (initdb, pg_ctl): \
    install the Debian package `postgresql`, or set TILLID_TEST_POSTGRES to the URL of an administrator";

/// What makes a cluster fast to start and to write to. A crash of the machine would lose what it holds; one of a process does not.
const NOT_DURABLE: &str = "-c fsync=off -c full_page_writes=off -c shared_buffers=64MB";

/// A running cluster, for its owner alone; gone when dropped.
#[derive(Debug)]
pub struct Cluster {
    /// How to connect as its administrator.
    pub url: String,
    home: PathBuf,
    options: String,
}

/// While it lives, no process of the cluster runs: connections are taken by the kernel, and nobody ever answers.
#[derive(Debug)]
pub struct Frozen {
    processes: Vec<String>,
}

impl Cluster {
    /// The cluster of this run: the one that the environment names, or one that is started on first use and ends with the
    /// run. The processes of one `cargo nextest run` share theirs.
    #[expect(clippy::disallowed_methods, reason = "how a test run is told of its cluster")]
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

    /// Starts a cluster of its own, which ends when it is dropped or when this process does.
    pub fn start() -> Self {
        Self::own(NOT_DURABLE)
    }

    /// A cluster of its own that writes as PostgreSQL does by default: what it has committed survives a power cut.
    pub fn start_durable() -> Self {
        Self::own("")
    }

    fn own(settings: &str) -> Self {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let home = home_of(&format!("own-{}-{}", id(), COUNTER.fetch_add(1, Ordering::Relaxed)));
        make_folder(&home, 0o755);
        let (url, options) = launch(&home, id(), settings);
        Self { url, home, options }
    }

    /// Stops the server as a crash of it would; its data stays.
    pub fn halt(&self) {
        must(Command::new("sh").arg("-c").arg(stop_line(&self.home)));
    }

    /// Starts the server again where it was.
    pub fn resume(&self) {
        let started = started(&self.home.join("data"), &self.options);
        assert!(started, "PostgreSQL did not start again: {}", log_of(&self.home));
    }

    /// Stops every process of the cluster where it stands.
    pub fn freeze(&self) -> Frozen {
        let pid_file = fs::read_to_string(self.home.join("data/postmaster.pid")).unwrap();
        let main = pid_file.lines().next().unwrap().to_owned();
        // The main process first: it would make new ones.
        signal("-STOP", std::slice::from_ref(&main));
        let children = fs::read_to_string(format!("/proc/{main}/task/{main}/children")).unwrap();
        let mut processes: Vec<String> = children.split_whitespace().map(str::to_owned).collect();
        signal("-STOP", &processes);
        processes.push(main);
        Frozen { processes }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let stop = format!("{}; rm -rf {}", stop_line(&self.home), self.home.display());
        // The watchdog does the same when this process is gone, should this fail.
        let _ = quiet(Command::new("sh").arg("-c").arg(stop)).status();
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        signal("-CONT", &self.processes);
    }
}

fn signal(signal: &str, processes: &[String]) {
    // A process that has ended meanwhile needs none.
    let _ = quiet(Command::new("kill").arg(signal).args(processes)).status();
}

fn home_of(run: &str) -> PathBuf {
    env::temp_dir().join(format!("tillid-postgres-{run}"))
}

/// Whoever comes first starts the cluster; the others wait for the lock and read where it is.
fn start_once(home: &Path, owner: u32) -> String {
    // Nothing is left behind where it is not installed.
    program("pg_ctl");
    make_folder(home, 0o755);
    let lock = File::create(home.join("lock")).unwrap();
    lock.lock().unwrap();
    let known = home.join("url");
    if let Ok(url) = fs::read_to_string(&known) {
        return url;
    }
    let (url, _) = launch(home, owner, NOT_DURABLE);
    File::create(&known).unwrap().write_all(url.as_bytes()).unwrap();
    url
}

fn make_folder(path: &Path, mode: u32) {
    fs::create_dir_all(path).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Makes a cluster and starts it. Returns its URL, and the options to start it with again.
fn launch(home: &Path, owner: u32, settings: &str) -> (String, String) {
    let data = home.join("data");
    let socket = home.join("socket");
    for dir in [&data, &socket] {
        make_folder(dir, 0o700);
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
            "-c port={port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={} -c max_connections=300 {settings}",
            socket.display()
        );
        if started(&data, &options) {
            return (format!("postgres://postgres@127.0.0.1:{port}/postgres"), options);
        }
    }
    panic!("PostgreSQL did not start: {}", log_of(home));
}

fn started(data: &Path, options: &str) -> bool {
    let mut start = as_postgres("pg_ctl");
    start.args(["start", "-w", "-s", "-D"]).arg(data).arg("-l").arg(data.join("log")).arg("-o").arg(options);
    quiet(&mut start).status().is_ok_and(|status| status.success())
}

fn log_of(home: &Path) -> String {
    fs::read_to_string(home.join("data/log")).unwrap_or_default()
}

/// Ends the cluster when its owner is gone, however that came.
#[expect(clippy::zombie_processes, reason = "it outlives this process; that is what it is for")]
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

/// A program of PostgreSQL. Debian keeps those of each version in a folder of its own; the newest is taken.
pub fn program(name: &str) -> PathBuf {
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
