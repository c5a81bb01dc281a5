// Package seal keeps people's data closed: fields are sealed under a key per owner, and the keys lie in a keyring
// outside the database, so that destroying one key erases that owner's data everywhere, restored backups included.
//
// Promise: a key that Create returned is on disk; a field opens only for the owner and the row it was sealed for,
// or not at all; a destroyed key is gone.
//
// The folder (0700) holds two files (0600):
//
//	master.key   64 hexadecimal digits, made on first start; absent when the master key is handed over otherwise
//	keyring      a header and one frame per append
//
// The keyring's header is a magic, a random salt, a check value of the master key and a CRC. A frame is a magic, a
// length, a CRC-32C and a payload, which is one or many owners' keys, encrypted (AES-256-GCM) under a key derived
// from the master key and the salt, with the frame's position as additional data: frames cannot be changed,
// swapped, repeated or carried to another keyring. No owner's id is legible in the file.
//
// Invariants:
//   - One append is one frame and one fsync, and nobody is answered before it. So only the last frame can be torn;
//     it was never acknowledged, and Open cuts it off. A bad frame before a good one is damage and refused: cutting
//     there would throw away other people's keys.
//   - Destroy and Sweep write a new file, fsync it, rename it over the old one and fsync the folder, then blank the
//     old one's blocks. Until the rename the old state holds, after it the new.
//   - After a failed fsync nothing more is appended to that file, since what it holds is unknown: the next Create or
//     Destroy writes a new one from memory first, which has only what was answered.
//   - One process per folder (flock). Several processes share a keyring that lies in a database of its own (schema/0001_key.sql): wrapped
//     keys under keyed hashes of their owners. A key that another process made is read when it is asked for. Destroying one raises an
//     epoch that every process asks for at most half a second before it uses a key, so that the key dies everywhere within a second; a
//     process that cannot ask uses none.
//   - A sealed field is a version byte, a random nonce, the ciphertext and the tag; the additional data is the
//     version and the row ("identity_person.name/usr_…").
package seal
