//! A venue as a source: opens its connections and runs its protocol.

use crate::pipeline::source::Source;
use crate::sources::kind::{OpenContext, OpenError};
use crate::sources::spec::SourceSpec;

use super::options::Venue;

impl Venue {
    /// Opens the venue's source.
    ///
    /// # Errors
    /// When a key is missing, or the options cannot mean anything.
    pub fn open(
        &self,
        spec: &SourceSpec,
        context: &OpenContext,
    ) -> Result<Box<dyn Source>, OpenError> {
        let setup = self.setup(spec, &*context.environment)?;
        let _ = setup;
        Err(spec.failed("the driver is not there yet"))
    }
}
