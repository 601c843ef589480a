//! A folder of files for a test, and the program run in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use lookback::bundle::{IngestOptions, Ingested, ingest};
use lookback::{Bundle, Error};
use tempfile::TempDir;

/// Three good bars.
pub const GOOD: &str = "date,open,high,low,close,volume\n\
    2005-02-25,89.60,89.94,88.13,88.99,32643200\n\
    2005-02-28,44.68,45.14,43.96,44.86,23271200\n\
    2005-03-01,44.99,45.11,44.16,44.50,16672000\n";

pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Ingests files that are there into `bundle`.
    pub fn ingest(&self, files: &[&str], options: &IngestOptions) -> Result<Ingested, Error> {
        let files: Vec<PathBuf> = files.iter().map(|name| self.path(name)).collect();
        ingest(&files, &self.path("bundle"), options)
    }

    /// Ingests one file of the given content as AAPL.
    pub fn bundle(&self, content: impl AsRef<[u8]>) -> Bundle {
        self.write("AAPL.csv", content);
        self.ingest(&["AAPL.csv"], &IngestOptions::default()).unwrap().bundle
    }

    /// The one file in a folder of the bundle: `segments` or `versions`.
    pub fn only(&self, inner: &str) -> String {
        let entries = std::fs::read_dir(self.path("bundle").join(inner)).unwrap();
        let names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        assert_eq!(names.len(), 1, "{names:?}");
        format!("bundle/{inner}/{}", names[0])
    }

    /// The names of what lies in the folder, hidden files included.
    pub fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        program(arguments).current_dir(self.0.path()).output().unwrap()
    }

    /// A message without the folder's own name.
    pub fn plain(&self, message: &str) -> String {
        message.replace(&format!("{}/", self.0.path().display()), "")
    }
}

pub fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lookback"));
    command.args(arguments);
    command
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// All values of a bundle, or the first error.
pub fn read_all(path: &Path) -> Result<Vec<f64>, Error> {
    values(&Bundle::open(path)?)
}

/// All values of an open bundle, or the first error.
pub fn values(bundle: &Bundle) -> Result<Vec<f64>, Error> {
    let mut values = Vec::new();
    for index in 0..bundle.symbols().len() {
        let asset = lookback::AssetId(u32::try_from(index).unwrap());
        #[expect(clippy::cast_precision_loss, reason = "only compared with itself")]
        values.extend(bundle.calendar(asset)?.as_slice().iter().map(|&moment| moment as f64));
        for field in lookback::Field::STORED {
            bundle.read(asset, field, 0..bundle.bars(asset), &mut values)?;
        }
        values.extend(bundle.adjustments(asset).iter().map(|one| one.kind.value()));
    }
    Ok(values)
}
