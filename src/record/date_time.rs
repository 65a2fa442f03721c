//! A moment as a page tells it: civil time and offset are kept, never converted.

use jiff::{Timestamp, civil, tz::Offset};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{fmt, str::FromStr};

/// A date and time with the offset the source gave (RFC 3339). `2025-09-28T18:12:44+09:00` stays so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateTime {
    pub civil: civil::DateTime,
    pub offset: Offset,
}

impl DateTime {
    /// The moment on the world's clock; `None` where it lies outside jiff's range (years -9999 to 9999).
    pub fn timestamp(&self) -> Option<Timestamp> {
        self.offset.to_timestamp(self.civil).ok()
    }

    /// Midnight UTC of a day: what DESIGN §7 asks for where a page tells no time.
    pub fn midnight_utc(date: civil::Date) -> DateTime {
        DateTime { civil: date.to_datetime(civil::Time::midnight()), offset: Offset::UTC }
    }
}

impl From<Timestamp> for DateTime {
    fn from(at: Timestamp) -> DateTime {
        DateTime { civil: Offset::UTC.to_datetime(at), offset: Offset::UTC }
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (d, t) = (self.civil.date(), self.civil.time());
        write!(f, "{:04}-{:02}-{:02}T", d.year(), d.month(), d.day())?;
        write!(f, "{:02}:{:02}:{:02}", t.hour(), t.minute(), t.second())?;
        if t.subsec_nanosecond() != 0 {
            let fraction = format!("{:09}", t.subsec_nanosecond());
            write!(f, ".{}", fraction.trim_end_matches('0'))?;
        }
        let minutes = self.offset.seconds() / 60;
        if minutes == 0 {
            return f.write_str("Z");
        }
        let sign = if minutes < 0 { '-' } else { '+' };
        write!(f, "{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
    }
}

impl FromStr for DateTime {
    type Err = String;

    /// Reads RFC 3339 as this type writes it.
    fn from_str(text: &str) -> Result<DateTime, String> {
        let problem = |e: jiff::Error| format!("not an RFC 3339 date-time: {text:?}: {e}");
        let offset = match text.as_bytes() {
            [.., b'Z' | b'z'] => Offset::UTC,
            bytes if bytes.len() > 6 && matches!(bytes[bytes.len() - 6], b'+' | b'-') => {
                let (hours, minutes) = text[text.len() - 5..].split_once(':').ok_or("no offset")?;
                let seconds = hours.parse::<i32>().ok().zip(minutes.parse::<i32>().ok());
                let (hours, minutes) = seconds.ok_or_else(|| format!("bad offset in {text:?}"))?;
                let sign = if bytes[bytes.len() - 6] == b'-' { -1 } else { 1 };
                Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).map_err(problem)?
            }
            _ => return Err(format!("a date-time without an offset: {text:?}")),
        };
        let civil_part = text.strip_suffix(['Z', 'z']).unwrap_or(&text[..text.len().saturating_sub(6)]);
        Ok(DateTime { civil: civil_part.parse().map_err(problem)?, offset })
    }
}

impl Serialize for DateTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DateTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<DateTime, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for DateTime {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "DateTime".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "format": "date-time"})
    }
    fn inline_schema() -> bool {
        true
    }
}

/// How exactly the page tells the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    Second,
    Minute,
    Day,
}

/// Whether the page told the zone, or UTC was assumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Zone {
    Declared,
    Assumed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_offset_of_the_page_is_kept() {
        for text in [
            "2025-09-28T09:12:44Z",
            "2025-09-28T18:12:44+09:00",
            "2025-09-28T18:12:44.25-03:30",
            "2025-09-28T00:00:00Z",
        ] {
            assert_eq!(text.parse::<DateTime>().unwrap().to_string(), text);
        }
        for text in ["", "2025", "2025-09-28", "é+09:00", "2025-09-28T18:12:44", "2025-13-28T18:12:44Z"] {
            assert!(text.parse::<DateTime>().is_err(), "{text:?}");
        }
    }
}
