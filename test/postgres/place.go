package postgres

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

// place says where the server and its locks live, and as whom it runs.
type place struct {
	dir  string              // the locks and the keeper's log; ours
	data string              // the cluster and its socket; the server user's alone
	bin  string              // folder of initdb and postgres
	cred *syscall.Credential // nil: as ourselves
	said *os.File            // what the programs say; nil: standard error
}

func (p place) lock(name string) string { return filepath.Join(p.dir, name+".lock") }

// dsn names one database of the server. The socket's folder travels as a parameter, since it has no place in a URL's host.
func (p place) dsn(database string) string {
	return "postgres://billfold@/" + database + "?host=" + p.data
}

func find() (place, error) {
	var p place
	var err error
	if p.bin, err = binaries(); err != nil {
		return p, err
	}
	if p.dir, err = folder(); err != nil {
		return p, err
	}
	p.data = filepath.Join(p.dir, "pg")
	// The longest path a socket may have is 104 bytes on macOS and 108 on Linux, and PostgreSQL's own name takes 14.
	if len(p.data) > 88 {
		return p, fmt.Errorf("%s is too long for a socket: set BILLFOLD_TEST_PG to a shorter folder", p.data)
	}
	if os.Geteuid() == 0 {
		if p.cred, err = servant(); err != nil {
			return p, err
		}
	}
	return p, nil
}

func folder() (string, error) {
	dir := os.Getenv("BILLFOLD_TEST_PG")
	switch {
	case dir != "":
	case os.Geteuid() == 0:
		dir = "/var/cache/billfold-test"
	default:
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("no folder for the test server (set BILLFOLD_TEST_PG): %w", err)
		}
		dir = filepath.Join(cache, "billfold-test")
	}
	// 0711: the server's user must pass through, nobody else has business here.
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return "", fmt.Errorf("folder of the test server (BILLFOLD_TEST_PG moves it): %w", err)
	}
	return filepath.Abs(dir)
}

// binaries returns the folder of a PostgreSQL server's programs, the newest where several are installed.
func binaries() (string, error) {
	if dir := os.Getenv("BILLFOLD_TEST_PG_BIN"); dir != "" {
		return dir, nil
	}
	if initdb, err := exec.LookPath("initdb"); err == nil {
		// initdb looks for postgres beside the file that it really is, and so do we.
		if initdb, err = filepath.EvalSymlinks(initdb); err == nil && exists(filepath.Join(filepath.Dir(initdb), "postgres")) {
			return filepath.Dir(initdb), nil
		}
	}
	var found []string
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin", "/usr/local/opt/postgresql*/bin",
		"/Applications/Postgres.app/Contents/Versions/*/bin",
	} {
		dirs, _ := filepath.Glob(pattern)
		for _, dir := range dirs {
			if exists(filepath.Join(dir, "initdb")) && exists(filepath.Join(dir, "postgres")) {
				found = append(found, dir)
			}
		}
	}
	if len(found) == 0 {
		return "", fmt.Errorf("no PostgreSQL server programs found: run `make test`, which installs them with apt-get, " +
			"or install them (apt-get install postgresql, brew install postgresql@17), or set BILLFOLD_TEST_PG_BIN")
	}
	slices.Sort(found)
	return found[len(found)-1], nil
}

// servant is the user the server runs as when the tests run as root.
func servant() (*syscall.Credential, error) {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			continue
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			continue
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, fmt.Errorf("PostgreSQL refuses to run as root, and there is no user postgres or nobody to run it as")
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
