package db

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"billfold/base/fault"
	"billfold/base/lang"
)

// ErrFolderInUse says that another process has the data folder.
var ErrFolderInUse = fault.Define(fault.Unavailable, "data_folder_in_use",
	lang.Text{EN: "Another Billfold runs on this data folder", ZH: "该数据目录正被另一个 Billfold 进程使用"},
	lang.Text{
		EN: "Stop the other process (%s), or start this one with another --data folder. Nothing was changed.",
		ZH: "请先停止另一个进程（%s），或用 --data 指定其他目录再启动。未做任何更改。",
	})

// folderLock keeps a second process from writing the same SQLite file. The kernel releases it when the process dies.
type folderLock struct{ f *os.File }

// lockFolder takes the lock beside the database file and writes the process number into it, for the one who is refused.
func lockFolder(path string) (*folderLock, error) {
	name := filepath.Join(filepath.Dir(path), "billfold.lock")
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fileError(err)
	}
	if err := flock(f); err != nil {
		holder, _ := os.ReadFile(name)
		f.Close()
		return nil, ErrFolderInUse.Fill("pid " + strings.TrimSpace(string(holder))).Because(err)
	}
	if err := f.Truncate(0); err == nil {
		_, err = fmt.Fprintln(f, os.Getpid())
	}
	if err != nil {
		f.Close()
		return nil, fileError(err)
	}
	return &folderLock{f}, nil
}

func (l *folderLock) release() { l.f.Close() }
