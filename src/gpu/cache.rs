//! What is known of an adapter on disk: compiled pipelines, so that a driver compiles a shader once
//! and not at every start, and the kernels that `nrae doctor --tune` has timed.
//!
//! Files for each adapter and driver, in the folder that the system keeps for caches, or where
//! `NRAE_CACHE` says; nowhere where that is empty. Whatever is wrong with it costs time and nothing
//! else: then pipelines are compiled, as without a cache.

use super::adapter::driver;
use super::options::Precision;
use crate::data::write_atomically;
use crate::error::Result;
use crate::tuned::Tuned;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// The pipelines of a device, and their file.
#[derive(Debug)]
pub(super) struct PipelineCache {
    pub(super) pipelines: wgpu::PipelineCache,
    path: PathBuf,
    /// Checksum of what the file holds.
    saved: Mutex<Option<u32>>,
}

impl PipelineCache {
    /// The cache of `device`, which has been opened with [`wgpu::Features::PIPELINE_CACHE`]; `None`
    /// where its backend or the system has none.
    pub(super) fn open(device: &wgpu::Device, info: &wgpu::AdapterInfo) -> Option<Self> {
        let path = folder()?.join(file_name(info)?);
        let data = read(&path);
        let saved = Mutex::new(data.as_deref().map(checksum));
        let descriptor = wgpu::PipelineCacheDescriptor {
            label: Some("pipelines"),
            data: data.as_deref(),
            fallback: true,
        };
        // SAFETY: the data are what the same function wrote for this adapter and driver in a folder
        // of the user's, which their checksum confirms; wgpu and the driver check their own
        // headers, and start with an empty cache where those do not fit.
        let pipelines = unsafe { device.create_pipeline_cache(&descriptor) };
        Some(Self {
            pipelines,
            path,
            saved,
        })
    }

    /// Writes the file, if there is anything new.
    pub(super) fn save(&self) {
        let Some(data) = self.pipelines.get_data() else {
            return;
        };
        let sum = checksum(&data);
        let mut saved = self
            .saved
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        // A cache that cannot be written is one that is not there the next time.
        if *saved != Some(sum) && write(&self.path, &data).is_ok() {
            *saved = Some(sum);
        }
    }
}

fn folder() -> Option<PathBuf> {
    match std::env::var_os("NRAE_CACHE") {
        Some(folder) if folder.is_empty() => None,
        Some(folder) => Some(folder.into()),
        None => Some(dirs::cache_dir()?.join("nrae")),
    }
}

/// Tells adapters and their drivers apart.
fn file_name(info: &wgpu::AdapterInfo) -> Option<String> {
    let key = wgpu::util::pipeline_cache_key(info)?;
    Some(format!("{key}_{:08x}", identity(info)))
}

/// Of an adapter's name with its driver and that driver's version.
fn identity(info: &wgpu::AdapterInfo) -> u32 {
    checksum(format!("{} {} {}", info.name, info.driver, info.driver_info).as_bytes())
}

/// The file of the kernels that were timed on an adapter, with its driver, in a precision; `None`
/// where nothing is kept.
pub(super) fn tuned_path(info: &wgpu::AdapterInfo, precision: Precision) -> Option<PathBuf> {
    let name = format!("tiles_{:08x}_{}.json", identity(info), precision.name());
    Some(folder()?.join(name))
}

/// The kernels that were timed on an adapter; `None` where none were, or the file is no such table.
pub(super) fn read_tuned(info: &wgpu::AdapterInfo, precision: Precision) -> Option<Tuned> {
    let path = tuned_path(info, precision)?;
    let text = std::fs::read_to_string(&path).ok()?;
    match serde_json::from_str::<Tuned>(&text) {
        Ok(tuned) => {
            let fits = tuned.adapter == info.name && tuned.driver == driver(info);
            fits.then_some(tuned)
        }
        Err(error) => {
            log::warn!(
                "{} is no table of timed kernels ({error}), so kernels are chosen by shape: remove it, or run `nrae doctor --tune`",
                path.display()
            );
            None
        }
    }
}

/// Writes the kernels that were timed on an adapter.
pub(super) fn write_tuned(path: &Path, tuned: &Tuned) -> Result<()> {
    write_atomically(path, |file| {
        serde_json::to_writer_pretty(&mut *file, tuned)?;
        file.write_all(b"\n")
    })
}

fn checksum(data: &[u8]) -> u32 {
    let mut sum = flate2::Crc::new();
    sum.update(data);
    sum.sum()
}

/// What [`write`] wrote, if all of it is there.
fn read(path: &Path) -> Option<Vec<u8>> {
    let mut data = std::fs::read(path).ok()?;
    let sum = data.split_off(data.len().checked_sub(4)?);
    (checksum(&data).to_le_bytes()[..] == sum).then_some(data)
}

/// Data and their checksum, in one piece: two programs that write at once leave the file of one of
/// them.
fn write(path: &Path, data: &[u8]) -> Result<()> {
    write_atomically(path, |file| {
        file.write_all(data)?;
        file.write_all(&checksum(data).to_le_bytes())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_files_are_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new folder").join("pipelines");
        assert_eq!(read(&path), None);
        write(&path, b"compiled").unwrap();
        assert_eq!(read(&path).as_deref(), Some(&b"compiled"[..]));
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[2] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(read(&path), None);
        std::fs::write(&path, [1, 2]).unwrap();
        assert_eq!(read(&path), None);
    }
}
