//! What travels: the URL record, the job, the candidate, the article event and the reject.
//! Pure data with its serialization; the JSON Schema of the event is derived from these types.

mod article;
mod candidate;
mod command;
mod date_time;
mod ending;
mod event;
mod job;
mod outcome;
mod outcome_record;
mod reject;
mod topic_tag;
mod url_record;

pub use article::{
    Article, Author, AuthorKind, Block, BlockKind, DeclaredName, Image, LanguageSource, Published, Publisher,
    Rights,
};
pub use candidate::{Candidate, FetchReport, Redirect};
pub use command::{Forget, Retag, SiteCommand};
pub use date_time::{DateTime, Precision, Zone};
pub use ending::Ending;
pub use event::{
    ArticleEvent, EventType, Extraction, Retracted, SourceRecordRef, Withheld, event_schema,
    event_schema_json,
};
pub use job::{Header, Job, SourceRecord};
pub use outcome::{Outcome, Reason, Stage};
pub use outcome_record::{OutcomeRecord, outcome_key, source_of_outcome};
pub use reject::Reject;
pub use topic_tag::{Field, Mention, TopicTag};
pub use url_record::UrlRecord;
