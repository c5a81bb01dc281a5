package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"billfold/app"
)

// TestPrecedence shows that flags win over variables and variables over the file, wherever the file is named.
func TestPrecedence(t *testing.T) {
	file := filepath.Join(t.TempDir(), "conf")
	if err := os.WriteFile(file, []byte("addr = file:1\ndata = file\nmail-from = file\nmaster-key = secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"BILLFOLD_CONFIG": file, "BILLFOLD_ADDR": "env:2", "BILLFOLD_DATA": "env"}
	term := terminal{env: func(name string) (string, bool) { v, ok := env[name]; return v, ok }}
	c, err := serve.parse([]string{"--addr", "flag:3"}, term)
	if err != nil || c.Addr != "flag:3" || c.Data != "env" || c.MailFrom != "file" || c.MasterKey != "secret" {
		t.Errorf("%+v, %v", c, err)
	}
}

// TestHelpIsComplete shows that every setting of a command stands in its help, and that lines fit a terminal.
func TestHelpIsComplete(t *testing.T) {
	for _, c := range commands {
		if c.own != nil {
			continue
		}
		text := c.help()
		for _, name := range c.settings {
			s, _ := app.Find(name)
			if !strings.Contains(text, "--"+name) && !strings.Contains(text, s.Variable()) {
				t.Errorf("the help of %s does not speak of %s", c.name, name)
			}
		}
		for line := range strings.Lines(text) {
			if len(line) > 121 {
				t.Errorf("the help of %s is wide: %s", c.name, line)
			}
		}
	}
}
