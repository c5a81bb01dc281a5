// Package disk is a disk that loses what was not synced: SQLite's own driver writes to it, and a test asks what would be left of a
// database had the power failed at any moment.
//
// The promise: what serves is what is tested. The program opens its database as ever, by base/db, through the very SQLite that ships;
// only SQLite's door to the operating system (its VFS, https://www.sqlite.org/vfs.html) is wrapped. For a file in a folder that New made,
// each write, truncation, sync, creation and deletion goes to the real file and into a log; every other file goes straight through.
//
// A Log is played back to any point of it. There Crash says which bytes a disk may hold:
//
//   - What was synced before the point is there, and nothing of what came after it.
//   - Of what was written and not synced, any subset of 512-byte sectors is there: a seeded choice among nothing, everything, whole
//     writes, single sectors, a run torn in the middle of a sector, the last writes without the first, sizes without their data, and junk.
//   - A file whose name was made or taken away, in a folder that was not synced since, has it or has it not.
//   - What a failed sync was to make durable may be lost although a later sync says yes: the kernel has marked those pages clean.
//   - The shared memory beside a database (-shm) is lost.
//
// SQLite's unix VFS syncs the folder by itself, inside the first sync of a journal it made, where no VFS around it can see it; this one
// does the same at the same moment (os_unix.c, UNIXFILE_DIRSYNC).
//
// What it cannot show: a disk that confirms a sync and forgets (no database survives that), bytes that rot later, and the ways of one file
// system, whose order of writes is always one of the subsets above. Bytes around a write are never hurt, which SQLite relies on too
// (powersafe overwrite).
package disk
