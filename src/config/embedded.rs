//! The files of `models/`, carried in the binary: defaults and their documentation at once.

/// (path below `models/`, text), in order of the paths.
static FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/models.rs"));

/// What a model file describes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ModelKind {
    /// A platform.
    Platform,
    /// A function.
    Function,
    /// A price list.
    Prices,
}

/// A file of `models/`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Model {
    /// What it describes.
    pub kind: ModelKind,
    /// Its name in an experiment: the path below the directory of its kind, without `.toml`.
    pub name: &'static str,
    /// Its text, comments and all.
    pub text: &'static str,
}

impl ModelKind {
    /// Every kind, in the order of a listing.
    pub const ALL: [Self; 3] = [Self::Platform, Self::Function, Self::Prices];

    /// The directory below `models/`.
    pub const fn dir(self) -> &'static str {
        match self {
            Self::Platform => "platforms",
            Self::Function => "functions",
            Self::Prices => "prices",
        }
    }

    /// In words, for one of it.
    pub(crate) const fn noun(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::Function => "function model",
            Self::Prices => "price list",
        }
    }

    /// Its models, by name.
    pub fn models(self) -> impl Iterator<Item = Model> {
        FILES.iter().filter_map(move |(path, text)| {
            let name = path.strip_prefix(self.dir())?.strip_prefix('/')?;
            Some(Model {
                kind: self,
                name: name.strip_suffix(".toml")?,
                text,
            })
        })
    }

    /// The model of this name.
    pub fn find(self, name: &str) -> Option<Model> {
        self.models().find(|model| model.name == name)
    }
}

impl Model {
    /// Its path in the repository.
    pub fn path(&self) -> String {
        format!("models/{}/{}.toml", self.kind.dir(), self.name)
    }
}
