//! What a path is a trace of, where nobody says.

use std::path::Path;

use super::lines::Lines;
use super::{Spread, TraceFault, TraceSpec};

impl TraceSpec {
    /// A folder is taken for one of the 2019 release, a file with the columns of the 2021 release
    /// for that, any other file for one with a row a request.
    ///
    /// # Errors
    /// There is nothing at the path, or it is a file that is empty or no text.
    pub fn detect(path: &Path) -> Result<Self, TraceFault> {
        if path.is_dir() {
            return Ok(Self::Azure2019 {
                dir: path.to_owned(),
                spread: Spread::Uniform,
            });
        }
        let header = Lines::open(path)?.header()?;
        let file = path.to_owned();
        let has = |name: &str| header.find(name).is_some();
        Ok(if has("end_timestamp") && !has("arrival_s") {
            Self::Azure2021 { file }
        } else {
            Self::Requests { file }
        })
    }
}
