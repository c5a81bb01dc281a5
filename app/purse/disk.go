package purse

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// folder is a folder of the file system, as a purse's store wants it.
type folder struct {
	path  string
	files map[string]*os.File // open for writing
	held  *os.File            // the lock
}

// openFolder takes a folder for this process alone; with create it is made, readable by its owner only.
func openFolder(path string, create bool) (*folder, error) {
	if create {
		if err := os.MkdirAll(path, 0o700); err != nil {
			return nil, err
		}
	}
	held, err := os.OpenFile(filepath.Join(path, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lock(held); err != nil {
		held.Close()
		return nil, errors.New("another process uses it: wait until that has ended")
	}
	return &folder{path: path, files: map[string]*os.File{}, held: held}, nil
}

func (f *folder) close() {
	for _, file := range f.files {
		file.Close()
	}
	f.held.Close()
}

func (f *folder) Read(name string) ([]byte, error) { return os.ReadFile(filepath.Join(f.path, name)) }

func (f *folder) Missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }

func (f *folder) file(name string) (*os.File, error) {
	if file := f.files[name]; file != nil {
		return file, nil
	}
	file, err := os.OpenFile(filepath.Join(f.path, name), os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		f.files[name] = file
	}
	return file, err
}

func (f *folder) Write(name string, at int64, b []byte) error {
	file, err := f.file(name)
	if err != nil {
		return err
	}
	_, err = file.WriteAt(b, at)
	return err
}

// Sync syncs several files at once, so that they wait for the disk together.
func (f *folder) Sync(names ...string) error {
	errs := make([]error, len(names))
	var group sync.WaitGroup
	for i, name := range names {
		file, err := f.file(name)
		if err != nil {
			return err
		}
		if i == len(names)-1 {
			errs[i] = flush(file)
			break
		}
		group.Go(func() { errs[i] = flush(file) })
	}
	group.Wait()
	return errors.Join(errs...)
}

func (f *folder) SyncFolder() error {
	dir, err := os.Open(f.path)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

func (f *folder) Remove(name string) error {
	if file := f.files[name]; file != nil {
		file.Close()
		delete(f.files, name)
	}
	return os.Remove(filepath.Join(f.path, name))
}
