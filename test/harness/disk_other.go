//go:build !linux

package harness

import "testing"

// A Disk is a small file system of the test's own.
type Disk struct{ Dir string }

// SmallDisk fails: a file system that fills up is made with Linux's tmpfs.
func SmallDisk(t *testing.T, _ int64, _ func(t *testing.T, disk *Disk)) {
	t.Helper()
	t.Fatal("a full disk is tried on Linux only: run this test there")
}

// Fill is not reached here.
func (d *Disk) Fill(int64) {}

// Free is not reached here.
func (d *Disk) Free() {}
