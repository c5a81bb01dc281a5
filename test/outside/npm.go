package outside

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

//go:embed testdata/npm testdata/lighthouse
var files embed.FS

// Packages is a folder with node_modules and our own scripts in it. The first call on a machine installs it; its name is the hash of
// what belongs there, so that another version is another folder.
func Packages(t testing.TB) string {
	t.Helper()
	return packages(t, "npm")
}

// packages is Packages for one folder of testdata.
func packages(t testing.TB, name string) string {
	t.Helper()
	dir, err := install(name)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func install(name string) (string, error) {
	folder := "testdata/" + name + "/"
	place, err := cache()
	if err != nil {
		return "", err
	}
	list, err := files.ReadDir("testdata/" + name)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	for _, one := range list {
		text, err := files.ReadFile(folder + one.Name())
		if err != nil {
			return "", err
		}
		sum.Write([]byte(one.Name()))
		sum.Write(text)
	}
	dir := filepath.Join(place, name+"-"+hex.EncodeToString(sum.Sum(nil)[:8]))
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	// Made aside and put there whole: two test processes may begin at once, and one may be stopped half-way.
	if err := os.MkdirAll(place, 0o755); err != nil {
		return "", err
	}
	aside, err := os.MkdirTemp(place, "making-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(aside)
	for _, one := range list {
		text, _ := files.ReadFile(folder + one.Name())
		if err := os.WriteFile(filepath.Join(aside, one.Name()), text, 0o644); err != nil {
			return "", err
		}
	}
	command := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
	command.Dir = aside
	if said, err := command.CombinedOutput(); err != nil {
		return "", errors.New("npm ci: " + err.Error() + "\n" + string(said) +
			"\nThe tests need Node.js and npm: run `make test`, which installs them with apt-get, or install them.")
	}
	if err := os.Rename(aside, dir); err != nil {
		if _, other := os.Stat(dir); other != nil {
			return "", err
		}
	}
	return dir, nil
}

// cache is where the tests keep what outlives them.
func cache() (string, error) {
	if dir := os.Getenv("BILLFOLD_TEST_NPM"); dir != "" {
		return dir, nil
	}
	if os.Geteuid() == 0 {
		return "/var/cache/billfold-test", nil
	}
	dir, err := os.UserCacheDir()
	return filepath.Join(dir, "billfold-test"), err
}

// Run runs a program in a folder and returns what it printed. The test fails when the program does.
func Run(t testing.TB, dir string, env []string, program string, args ...string) string {
	t.Helper()
	command := exec.CommandContext(context.Background(), program, args...)
	command.Dir = dir
	command.Env = append(os.Environ(), env...)
	var out, complaints bytes.Buffer
	command.Stdout, command.Stderr = &out, &complaints
	if err := command.Run(); err != nil {
		t.Fatalf("%s %q: %v\n%s\n%s", program, args, err, out.String(), complaints.String())
	}
	return out.String()
}
