//! Replicas of one network that run side by side: how many fit, how their parameters differ, and the
//! session of each.

use super::device::Gpu;
use super::dispatch::workgroups;
use super::fuse::{self, Kernel};
use super::memory::{Memory, parts_of_replica};
use super::pipeline::{Pipeline, PipelineKey, Reflection};
use super::plan::Plan;
use super::replicated::{DEPTH, Replication};
use super::session::GpuSession;
use crate::engine::{Binding, Recording, Segment, Uniform, View};
use crate::error::Result;
use crate::executor::{REPLICA_MEMORY, Session, StepCounts};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Replicas beyond which nothing is gained, about.
const MOST: usize = 64;
/// Floating-point operations of a step that keep a GPU of today busy for a millisecond or two, far
/// longer than a step waits between its dispatches.
const BUSY: u64 = 64_000_000_000;
/// Elements of a view of all replicas up to which they are read at once.
const READ_AT_ONCE: usize = 16 << 20;

/// How many replicas of `recording` run at once on `gpu` with `shared` buffers: `wanted` where
/// bindings and workgroups allow it, and where it is not given as many as pay.
///
/// # Errors
/// Where not even one fits.
pub(super) fn at_once(
    gpu: &Gpu,
    recording: &Recording,
    shared: &[View],
    wanted: Option<usize>,
) -> Result<usize> {
    let limits = gpu.device.limits();
    let largest = limits
        .max_buffer_size
        .min(limits.max_storage_buffer_binding_size);
    let depth = limits.max_compute_workgroups_per_dimension as usize;
    let pays = match gpu.is_software() {
        true => 1,
        false => {
            usize::try_from(BUSY / recording.flops().max(1)).map_or(MOST, |n| n.clamp(1, MOST))
        }
    };
    let mut replicas = wanted.unwrap_or(pays).max(1);
    while replicas > 1 {
        let plan = Plan::new(gpu, recording, replicas);
        let parts = parts_of_replica(&plan.planned, &plan.bound, shared);
        let longest = parts.iter().max().copied().unwrap_or(1);
        let mut fit = usize::try_from(largest).unwrap_or(usize::MAX) / (4 * longest);
        if wanted.is_none() {
            fit = fit.min(REPLICA_MEMORY / (4 * parts.iter().sum::<usize>()).max(1));
        }
        let keys: Vec<_> = plan
            .kernels
            .iter()
            .map(|(_, kernel)| PipelineKey::new(kernel, gpu, Replication::Same))
            .collect();
        for ((_, kernel), pipeline) in plan.kernels.iter().zip(gpu.kernels(&keys)) {
            let [.., z] = workgroups(gpu, kernel.name(), kernel, &pipeline)?;
            fit = fit.min(depth / z as usize);
        }
        if fit >= replicas {
            break;
        }
        replicas = fit.max(1);
    }
    Ok(replicas)
}

/// The parameters of a dispatch, of each replica.
pub(super) struct ReplicaUniforms(Vec<Vec<(&'static str, Uniform)>>);

/// Of every one of `kernels`, which run the passes of `recordings` in `order` and in `groups` on `gpu`.
pub(super) fn uniforms_of_replicas(
    recordings: &[&Recording],
    order: &[usize],
    groups: &[Range<usize>],
    kernels: &[(usize, Kernel)],
    gpu: &Gpu,
) -> Vec<ReplicaUniforms> {
    let own = |(_, kernel): &(usize, Kernel)| ReplicaUniforms(vec![kernel.describe().uniforms()]);
    let mut uniforms: Vec<_> = kernels.iter().map(own).collect();
    for recording in &recordings[1..] {
        let mut ordered = fuse::ordered(recording, order);
        let theirs = fuse::kernels(&ordered, groups);
        let theirs = fuse::in_parts(&mut ordered, groups, theirs, |kernel| gpu.cut(kernel));
        for (uniforms, (_, kernel)) in uniforms.iter_mut().zip(theirs) {
            uniforms.0.push(kernel.describe().uniforms());
        }
    }
    uniforms
}

impl ReplicaUniforms {
    /// Replicas.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// What the shader has to be for.
    pub(super) fn replication(&self) -> Replication {
        match &self.0[..] {
            [_] => Replication::Alone,
            [first, others @ ..] if others.iter().all(|other| other == first) => Replication::Same,
            _ => Replication::Own,
        }
    }

    /// As the shader reads them.
    pub(super) fn pack(&self, reflection: &Reflection) -> Vec<u8> {
        match reflection.params_of_replicas {
            None => reflection.pack(&self.0[0]),
            Some(_) => self.0.iter().flat_map(|own| reflection.pack(own)).collect(),
        }
    }
}

impl Pipeline {
    /// What the shader reads as its [`REPLICAS`](super::replicated::REPLICAS), where it serves
    /// several: `depth` workgroups of each along z, and the distances between those of `bindings`.
    pub(super) fn distances(&self, bindings: &[Binding], memory: &Memory, depth: u32) -> Vec<u8> {
        let Some(found) = &self.reflection.replicas else {
            return Vec::new();
        };
        let value = |field: &String| {
            if field == DEPTH {
                return depth;
            }
            let binding = bindings.iter().find(|binding| binding.name == field);
            let view = binding.expect("a shader has the bindings of its pass").view;
            (4 * memory.stride(view) / found.elements[field]) as u32
        };
        let mut bytes: Vec<u8> = found
            .fields
            .iter()
            .flat_map(|field| value(field).to_le_bytes())
            .collect();
        bytes.resize(bytes.len().next_multiple_of(16), 0);
        bytes
    }
}

/// All replicas, and what has been read of all of them since they last ran.
struct Group {
    session: GpuSession,
    replicas: usize,
    read: HashMap<(usize, usize), Vec<u8>>,
}

/// One of several replicas: it writes and reads its own, and runs all of them.
struct Replica {
    group: Arc<Mutex<Group>>,
    number: usize,
    shared: Arc<[View]>,
}

/// A session of each of `recordings`.
///
/// # Errors
/// Those of [`GpuSession::new`].
pub(super) fn sessions(
    gpu: &Gpu,
    recordings: &[&Recording],
    shared: &[View],
) -> Result<Vec<Box<dyn Session>>> {
    let group = Arc::new(Mutex::new(Group {
        session: GpuSession::new(gpu.clone(), recordings, shared)?,
        replicas: recordings.len(),
        read: HashMap::new(),
    }));
    let shared: Arc<[View]> = shared.into();
    let replica = |number| -> Box<dyn Session> {
        Box::new(Replica {
            group: group.clone(),
            number,
            shared: shared.clone(),
        })
    };
    Ok((0..recordings.len()).map(replica).collect())
}

impl Replica {
    /// Lets the session of all do something for this one, after which nothing is known of them.
    fn with<T>(&mut self, act: impl FnOnce(&mut GpuSession) -> Result<T>) -> Result<T> {
        let mut group = self.group();
        group.read.clear();
        group.session.replica = self.number;
        act(&mut group.session)
    }

    /// Whether `view` is written by the first alone.
    fn is_written_by_another(&self, view: View) -> bool {
        let shared = self.shared.iter();
        self.number > 0
            && shared
                .into_iter()
                .any(|shared| shared.buffer == view.buffer)
    }

    /// What is small and read of one is soon read of all.
    fn read_bytes(&mut self, view: View) -> Result<Vec<u8>> {
        let Group {
            session,
            replicas,
            read,
        } = &mut *self.group();
        if view.len * *replicas > READ_AT_ONCE {
            return session.read_replicas(view, self.number..self.number + 1);
        }
        let key = (view.buffer.0, view.offset);
        let size = 4 * view.len;
        if read
            .get(&key)
            .is_none_or(|bytes| bytes.len() != size * *replicas)
        {
            read.insert(key, session.read_replicas(view, 0..*replicas)?);
        }
        Ok(read[&key][self.number * size..][..size].to_vec())
    }
}

impl Replica {
    /// What the replicas share.
    fn group(&self) -> MutexGuard<'_, Group> {
        self.group.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session for Replica {
    fn write(&mut self, view: View, values: &[f32]) -> Result<()> {
        if self.is_written_by_another(view) {
            return Ok(());
        }
        self.with(|session| session.write(view, values))
    }

    fn write_u32(&mut self, view: View, values: &[u32]) -> Result<()> {
        if self.is_written_by_another(view) {
            return Ok(());
        }
        self.with(|session| session.write_u32(view, values))
    }

    fn run(&mut self, steps: usize) -> Result<()> {
        self.with(|session| session.run(steps))
    }

    fn run_segment(&mut self, segment: Segment) -> Result<()> {
        self.with(|session| session.run_segment(segment))
    }

    fn read(&mut self, view: View) -> Result<Vec<f32>> {
        let bytes = self.read_bytes(view)?;
        Ok(bytes
            .as_chunks()
            .0
            .iter()
            .map(|word| f32::from_le_bytes(*word))
            .collect())
    }

    fn read_u32(&mut self, view: View) -> Result<Vec<u32>> {
        let bytes = self.read_bytes(view)?;
        Ok(bytes
            .as_chunks()
            .0
            .iter()
            .map(|word| u32::from_le_bytes(*word))
            .collect())
    }

    fn counts(&self) -> Option<StepCounts> {
        self.group().session.counts()
    }

    fn profile(&mut self) -> Result<Option<Vec<Duration>>> {
        self.with(GpuSession::profile)
    }
}
