//! The metrics of a run for other programs: a table, and events for TensorBoard.

use super::Record;
use crate::data::{sync_folder, write_atomically};
use crate::error::{Error, Result};
use crate::protobuf::{Message, Value, fields};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// The table of metrics in a run folder.
pub(super) const TABLE: &str = "metrics.csv";
/// TensorBoard's events in a run folder; it reads every file with `tfevents` in its name.
pub(super) const EVENTS: &str = "events.out.tfevents.nrae";

/// `records` as CSV, a row each: `epoch`, `step`, `loss`, each part of the loss, `lr`, `train_mse`,
/// `validation_mse`. What was not measured is empty.
pub(super) fn write_table(path: &Path, records: &[Record]) -> Result<()> {
    let parts: BTreeSet<&String> = records.iter().flat_map(|r| r.parts.keys()).collect();
    let optional = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
    write_atomically(path, |file| {
        let mut table = csv::Writer::from_writer(file);
        let first = ["epoch", "step", "loss"].into_iter();
        let parts_by_name = parts.iter().map(|name| name.as_str());
        let last = ["lr", "train_mse", "validation_mse"];
        table.write_record(first.chain(parts_by_name).chain(last))?;
        for record in records {
            let first = [
                record.epoch.to_string(),
                record.step.to_string(),
                record.loss.to_string(),
            ];
            let of_parts = parts
                .iter()
                .map(|&name| optional(record.parts.get(name).copied()));
            let last = [
                record.lr.to_string(),
                optional(record.train_mse),
                optional(record.validation_mse),
            ];
            table.write_record(first.into_iter().chain(of_parts).chain(last))?;
        }
        table.flush()
    })
}

/// Writes the events of `records` for TensorBoard into `folder`, and gives the file.
///
/// # Errors
/// When the file cannot be written.
pub fn write_events(folder: &Path, records: &[Record]) -> Result<PathBuf> {
    let path = folder.join(EVENTS);
    EventFile::open(&path, records)?;
    Ok(path)
}

/// A file of TensorBoard's events that grows with the run: scalars `loss/total` and its parts,
/// `mse/training`, `mse/validation`, `learning_rate` and `epoch`, each at its step.
#[derive(Debug)]
pub(super) struct EventFile {
    file: File,
    path: PathBuf,
}

impl EventFile {
    /// Opens the file at `path` and makes it hold the events of `records`: those that are there
    /// stay, what is beyond the last record or cut short goes, what is missing is added.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub(super) fn open(path: &Path, records: &[Record]) -> Result<Self> {
        let failed = |source| Error::file(path, source);
        let mut options = File::options();
        let options = options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(path).map_err(failed)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        let last = records.last().map_or(0, |record| record.step as i64);
        let (kept, reached) = intact(&bytes, last);
        file.set_len(kept as u64).map_err(failed)?;
        file.seek(SeekFrom::End(0)).map_err(failed)?;
        let mut events = Self {
            file,
            path: path.to_owned(),
        };
        if kept == 0 {
            events.append(&framed(&event(0).bytes(3, "brain.Event:2")))?;
        }
        let missing = records.iter().filter(|record| record.step as i64 > reached);
        missing
            .into_iter()
            .try_for_each(|record| events.add(record))?;
        events.sync()?;
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        let named = sync_folder(folder.unwrap_or(Path::new(".")));
        named.map_err(|source| Error::file(&events.path, source))?;
        Ok(events)
    }

    /// Waits until the events so far are on disk.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub(super) fn sync(&self) -> Result<()> {
        let synced = self.file.sync_data();
        synced.map_err(|source| Error::file(&self.path, source))
    }

    /// Adds the scalars of an epoch.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn add(&mut self, record: &Record) -> Result<()> {
        let parts = record.parts.iter();
        let parts = parts.map(|(name, value)| (format!("loss/{name}"), Some(*value)));
        let others = [
            ("loss/total", Some(record.loss)),
            ("learning_rate", Some(record.lr)),
            ("mse/training", record.train_mse),
            ("mse/validation", record.validation_mse),
            ("epoch", Some(record.epoch as f64)),
        ];
        let others = others.map(|(tag, value)| (tag.to_owned(), value));
        let scalars = parts.chain(others).filter_map(|(tag, value)| {
            let scalar = Message::new().bytes(1, tag).float(2, value? as f32);
            Some(scalar)
        });
        let summary = Message::new().messages(1, &scalars.collect::<Vec<_>>());
        let event = event(record.step).message(5, &summary);
        self.append(&framed(&event))
    }

    /// One write a record, so that a reader seldom sees a part of it.
    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        let written = self.file.write_all(bytes);
        written.map_err(|source| Error::file(&self.path, source))
    }
}

/// An `Event` of now and a step, without content yet.
fn event(step: usize) -> Message {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let seconds = now.map_or(0.0, |passed| passed.as_secs_f64());
    Message::new().double(1, seconds).integer(2, step as i64)
}

/// How many of `bytes` are whole records of a step up to `last`, and the step of the last of them.
fn intact(bytes: &[u8], last: i64) -> (usize, i64) {
    let (mut at, mut reached) = (0, 0);
    while let Some((message, next)) = record_at(bytes, at) {
        let step = fields(message).and_then(|fields| {
            fields.into_iter().find_map(|field| match field {
                (2, Value::Integer(step)) => Some(step),
                _ => None,
            })
        });
        match step {
            Some(step) if (reached..=last).contains(&step) => reached = step,
            _ => break,
        }
        at = next;
    }
    (at, reached)
}

/// The message of the record that begins at `at`, and where the next one begins; `None` where there
/// is no whole one.
fn record_at(bytes: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let head = bytes.get(at..at.checked_add(12)?)?;
    let length = usize::try_from(u64::from_le_bytes(head[..8].try_into().ok()?)).ok()?;
    let end = (at + 12).checked_add(length)?;
    let message = bytes.get(at + 12..end)?;
    let sum = bytes.get(end..end + 4)?;
    let whole = head[8..] == masked_checksum(&head[..8]) && sum == masked_checksum(message);
    whole.then_some((message, end + 4))
}

/// A message as a `TFRecord`: its length, a checksum of that, the message, a checksum of it.
fn framed(message: &Message) -> Vec<u8> {
    let message = message.as_bytes();
    let length = (message.len() as u64).to_le_bytes();
    let (of_length, of_message) = (masked_checksum(&length), masked_checksum(message));
    [&length[..], &of_length, message, &of_message].concat()
}

/// CRC-32C of `bytes`, rotated and shifted as TFRecords have it.
fn masked_checksum(bytes: &[u8]) -> [u8; 4] {
    let sum = crc32c(bytes);
    sum.rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}

/// The cyclic redundancy check with Castagnoli's polynomial (RFC 3720, appendix B.4), bit by bit.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte), |sum, _| {
            (sum >> 1) ^ if sum & 1 == 1 { 0x82f6_3b78 } else { 0 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(epoch: usize, part: Option<&str>, validation_mse: Option<f64>) -> Record {
        Record {
            epoch,
            step: 3 * epoch,
            loss: 1.5 / epoch as f64,
            parts: part
                .map(|name| (name.to_owned(), 0.25))
                .into_iter()
                .collect(),
            lr: 1e-3,
            train_mse: None,
            validation_mse,
        }
    }

    #[test]
    fn the_table_has_every_part_and_leaves_out_what_was_not_measured() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(TABLE);
        let records = [record(1, None, None), record(2, Some("kl"), Some(0.5))];
        write_table(&path, &records).unwrap();
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            "epoch,step,loss,kl,lr,train_mse,validation_mse\n1,3,1.5,,0.001,,\n2,6,0.75,0.25,0.001,,0.5\n"
        );
    }

    /// The test vectors of RFC 3720.
    #[test]
    fn checksums_are_castagnolis() {
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
        assert_eq!(crc32c(&(0..32).collect::<Vec<u8>>()), 0x46dd_794e);
    }

    #[test]
    fn events_beyond_the_checkpoint_and_half_an_event_go() {
        let steps = |path: &Path| {
            let bytes = std::fs::read(path).unwrap();
            let mut steps = Vec::new();
            let mut at = 0;
            while let Some((message, next)) = record_at(&bytes, at) {
                match fields(message).unwrap()[1] {
                    (2, Value::Integer(step)) => steps.push(step),
                    other => panic!("{other:?}"),
                }
                at = next;
            }
            assert_eq!(at, bytes.len());
            steps
        };
        let expected = [0, 3, 6, 9, 12];
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(EVENTS);
        let records: Vec<Record> = (1..=4).map(|epoch| record(epoch, None, None)).collect();
        EventFile::open(&path, &records).unwrap();
        assert_eq!(steps(&path), expected);
        let whole = std::fs::read(&path).unwrap();
        for length in 0..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            let mut events = EventFile::open(&path, &records[..2]).unwrap();
            assert_eq!(steps(&path), expected[..3], "{length}");
            records[2..]
                .iter()
                .for_each(|record| events.add(record).unwrap());
            assert_eq!(steps(&path), expected, "{length}");
        }
        std::fs::write(&path, "something else").unwrap();
        EventFile::open(&path, &records).unwrap();
        assert_eq!(steps(&path), expected);
    }
}
