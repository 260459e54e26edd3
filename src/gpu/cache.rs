//! Compiled pipelines on disk, so that a driver compiles a shader once and not at every start.
//!
//! A file for each adapter and driver, in the folder that the system keeps for caches, or where
//! `NRAE_CACHE` says; nowhere where that is empty. Whatever is wrong with it costs time and nothing
//! else: then pipelines are compiled, as without a cache.

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
    let driver = checksum(format!("{} {} {}", info.name, info.driver, info.driver_info).as_bytes());
    Some(format!("{key}_{driver:08x}"))
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
fn write(path: &Path, data: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    std::io::Write::write_all(&mut file, &[data, &checksum(data).to_le_bytes()].concat())?;
    file.persist(path)?;
    Ok(())
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
