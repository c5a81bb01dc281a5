package step_test

import (
	"os"
	"path/filepath"
	"testing"

	"billfold/product/purse/step"
)

// docs/purse-rules.md is what the executed table says. With -update it is written.
func TestRulesPage(t *testing.T) {
	page := filepath.Join("..", "..", "..", "docs", "purse-rules.md")
	want := step.Markdown()
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != want {
		t.Error("docs/purse-rules.md says something else than the table: " +
			"go test ./product/purse/step -run 'Vectors|Rules' -update, and read the difference")
	}
}
