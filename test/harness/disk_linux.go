package harness

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// A Disk is a small file system of the test's own.
type Disk struct {
	Dir string
	t   testing.TB
}

// SmallDisk runs body with a file system of so many bytes, which really says "no space left on device" when it is full.
//
// Mounting needs root. Where the test does not run as root, it runs itself again in a user namespace of its own, in
// which it may mount, and passes when that passes: body then runs in the other process.
func SmallDisk(t *testing.T, bytes int64, body func(t *testing.T, disk *Disk)) {
	t.Helper()
	if os.Geteuid() != 0 {
		elsewhere(t)
		return
	}
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, fmt.Sprintf("size=%d,mode=0700", bytes)); err != nil {
		t.Fatalf("mount a small disk: %v", err)
	}
	t.Cleanup(func() {
		// Detached: a file that is still open keeps its blocks, not the test.
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Errorf("unmount the small disk: %v", err)
		}
	})
	body(t, &Disk{Dir: dir, t: t})
}

// Fill writes until nothing more fits but what is given as left, in bytes.
func (d *Disk) Fill(left int64) {
	d.t.Helper()
	d.Free()
	f, err := os.Create(d.ballast())
	if err != nil {
		d.t.Fatalf("fill the disk: %v", err)
	}
	defer f.Close()
	var room unix.Statfs_t
	if err := unix.Statfs(d.Dir, &room); err != nil {
		d.t.Fatalf("fill the disk: %v", err)
	}
	// The kernel counts free blocks per processor and adds them up roughly, so the last few may not be there.
	for size := int64(room.Bavail)*int64(room.Bsize) - left; size > 0; size -= 16 * int64(room.Bsize) {
		err := unix.Fallocate(int(f.Fd()), 0, 0, size)
		if err == nil {
			return
		}
		if !errors.Is(err, unix.ENOSPC) {
			d.t.Fatalf("fill the disk with %d bytes: %v", size, err)
		}
	}
}

// Free takes back what Fill wrote.
func (d *Disk) Free() {
	d.t.Helper()
	if err := os.Remove(d.ballast()); err != nil && !os.IsNotExist(err) {
		d.t.Fatalf("free the disk: %v", err)
	}
}

func (d *Disk) ballast() string { return filepath.Join(d.Dir, "ballast") }

// elsewhere runs this one test again as root of a namespace of its own.
func elsewhere(t *testing.T) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run", "^"+regexp.QuoteMeta(t.Name())+"$", "-test.v")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("in a namespace of its own (or run the tests as root): %v\n%s", err, out)
	}
}
