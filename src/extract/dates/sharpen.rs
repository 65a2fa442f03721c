//! A date made more exact by what else the page says about the same moment or day.

use super::read::Sources;
use super::shown::Shown;
use super::url_date;
use crate::record::{DateTime, Precision, Published, Zone};
use jiff::civil::{Date, Time};
use jiff::tz::Offset;

const HALF_HOUR: i64 = 30 * 60;
/// Zones reach from 12 hours west to 14 hours east of Greenwich.
const ZONES: std::ops::RangeInclusive<i64> = -12 * 3600..=14 * 3600;

/// A bare day is sharpened by a moment of that day, a moment in UTC by the same moment with its offset, and a moment
/// without an offset by the same clock time with one.
pub fn sharpened(page: &Sources<'_>, shown: &[Shown], found: Published) -> Published {
    let is_bare_day = found.precision == Precision::Day || found.at.civil.time() == Time::midnight();
    if is_bare_day && let Some(moment) = moment_of_the_day(page, shown, found) {
        return with_zone(page, shown, moment);
    }
    if found.precision == Precision::Day {
        return found;
    }
    with_zone(page, shown, found)
}

fn moment_of_the_day(page: &Sources<'_>, shown: &[Shown], found: Published) -> Option<Published> {
    let day = found.at.civil.date();
    let told = |m: &Published| {
        m.precision != Precision::Day && m.at.civil.date() == day && m.at.civil.time() != Time::midnight()
    };
    let by_text = shown.iter().filter(|s| s.score >= 0 && !s.updated).map(|s| s.date);
    by_text.chain(page.json_date("datePublished")).find(told).or_else(|| page.published_metas().find(told))
}

fn with_zone(page: &Sources<'_>, shown: &[Shown], found: Published) -> Published {
    if found.zone == Zone::Assumed {
        return same_clock_with_zone(page, shown, found).unwrap_or(found);
    }
    if !found.at.offset.is_zero() {
        return found;
    }
    told_locally(page, shown, found)
        .or_else(|| by_the_clock_shown(shown, found))
        .or_else(|| by_the_day_of_the_url(page, found))
        .or_else(|| midnight_of_central_europe(page, found))
        .unwrap_or(found)
}

/// Every other telling of a date with a time of day.
fn tellings<'a>(page: &'a Sources<'_>, shown: &'a [Shown]) -> impl Iterator<Item = Published> + 'a {
    page.meta_dates().chain(shown.iter().filter(|s| s.score > -9).map(|s| s.date))
}

/// The same moment told with its offset: the local telling says more.
fn told_locally(page: &Sources<'_>, shown: &[Shown], found: Published) -> Option<Published> {
    let moment = found.at.timestamp()?.as_second();
    let local = tellings(page, shown).find(|other| {
        let same = other.at.timestamp().is_some_and(|t| (t.as_second() - moment).abs() < 60);
        same && other.zone == Zone::Declared && !other.at.offset.is_zero()
    })?;
    // The zone is the other's, the seconds may be only here.
    at_offset(found, i64::from(local.at.offset.seconds()))
}

fn same_clock_with_zone(page: &Sources<'_>, shown: &[Shown], found: Published) -> Option<Published> {
    let minute = |p: &Published| {
        let (date, time) = (p.at.civil.date(), p.at.civil.time());
        (date, time.hour(), time.minute())
    };
    let other = tellings(page, shown).find(|o| o.zone == Zone::Declared && minute(o) == minute(&found))?;
    Some(Published {
        at: DateTime { civil: found.at.civil, offset: other.at.offset },
        zone: other.zone,
        ..found
    })
}

/// A moment in UTC beside a clock time shown without its zone tells the zone: `06:35Z` and "10:35 p.m." of the day
/// before are eight hours apart. Only whole half hours count, so that the time of something else is not taken for it.
fn by_the_clock_shown(shown: &[Shown], found: Published) -> Option<Published> {
    let clock = shown.iter().find(|s| {
        s.score > 0 && !s.updated && s.date.precision == Precision::Minute && s.date.zone == Zone::Assumed
    })?;
    let minute = |at: DateTime| Some(at.timestamp()?.as_second().div_euclid(60) * 60);
    let apart = minute(clock.date.at)? - minute(found.at)?;
    if apart == 0 || apart % HALF_HOUR != 0 || !ZONES.contains(&apart) {
        return None;
    }
    at_offset(found, apart)
}

/// Where the URL has the day before or after, readers live so far from Greenwich that it is that day: the least whole
/// hour that makes it so.
fn by_the_day_of_the_url(page: &Sources<'_>, found: Published) -> Option<Published> {
    let day = url_date::day(page.url)?;
    at_offset(found, hours_to(day, found)?)
}

/// A day that was kept as a moment in UTC: exactly 22:00 or 23:00 is midnight where most of Europe's pages are made.
fn midnight_of_central_europe(page: &Sources<'_>, found: Published) -> Option<Published> {
    const ENDS: [&str; 21] = [
        "de", "at", "ch", "fr", "it", "es", "nl", "be", "lu", "pl", "cz", "sk", "si", "hr", "rs", "hu", "dk",
        "se", "no", "mk", "ba",
    ];
    let end = page.url.host_str().and_then(|h| h.rsplit('.').next())?;
    let time = found.at.civil.time();
    let is_summer = (4..=10).contains(&found.at.civil.month());
    let midnight = Time::constant(if is_summer { 22 } else { 23 }, 0, 0, 0);
    let moved = (ENDS.contains(&end) && time == midnight)
        .then(|| at_offset(found, if is_summer { 2 } else { 1 } * 3600))?;
    moved.map(|day| Published {
        precision: Precision::Day,
        at: DateTime::midnight_utc(day.at.civil.date()),
        zone: Zone::Assumed,
    })
}

fn hours_to(day: Date, found: Published) -> Option<i64> {
    let (date, time) = (found.at.civil.date(), found.at.civil.time());
    let hour = i64::from(time.hour());
    if date.tomorrow().ok() == Some(day) {
        Some((24 - hour) * 3600).filter(|s| ZONES.contains(s))
    } else if date.yesterday().ok() == Some(day) {
        Some(-(hour + 1) * 3600).filter(|s| ZONES.contains(s))
    } else {
        None
    }
}

fn at_offset(found: Published, seconds: i64) -> Option<Published> {
    let offset = Offset::from_seconds(i32::try_from(seconds).ok()?).ok()?;
    let civil = offset.to_datetime(found.at.timestamp()?);
    Some(Published { at: DateTime { civil, offset }, ..found })
}
