package db

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Schema is the tables of one package: files schema/NNNN_name.sql, forward only, in PostgreSQL's form with the types
// text, bigint, integer, boolean and bytea. A table whose rows are found by their primary key alone may end in
// `); -- clustered`, which makes it WITHOUT ROWID on SQLite. One whose rows are updated all the time may end in
// `); -- updated`, which leaves room in its pages on PostgreSQL: a row's new version then lies beside the old one, and no
// index is written.
type Schema struct {
	Package string
	FS      fs.FS
}

// migration is one schema file, or one that ran.
type migration struct {
	pkg     string
	version int
	name    string
	digest  string
	text    string
}

func (m migration) key() string { return m.pkg + "/" + m.name }

// lite rewrites column types for SQLite and makes its tables strict: a text in an integer column is refused there as it
// is on PostgreSQL.
var liteTypes = strings.NewReplacer(
	" bigint", " integer", " bytea", " blob", " boolean", " integer", " default true", " default 1", " default false", " default 0",
	"\n); -- clustered", "\n) strict, without rowid;", "\n); -- updated", "\n) strict;", "\n);", "\n) strict;")

// Migrate brings the database up to the given schemas, each file in a transaction of its own, in the order given.
// It refuses a database that knows files we do not (schema_newer) or whose files differ (schema_changed).
func (d *DB) Migrate(ctx context.Context, at time.Time, schemas ...Schema) error {
	if err := d.bootstrap(ctx); err != nil {
		return err
	}
	wanted, err := listMigrations(schemas)
	if err != nil {
		return err
	}
	for _, m := range wanted {
		if err := d.Write(ctx, func(tx *Tx) error { return d.apply(tx, at, wanted, m) }); err != nil {
			return fmt.Errorf("migrate %s: %w", m.key(), err)
		}
	}
	return nil
}

// CheckSchema says whether the database is exactly at the given schemas, without changing it.
func (d *DB) CheckSchema(ctx context.Context, schemas ...Schema) error {
	wanted, err := listMigrations(schemas)
	if err != nil {
		return err
	}
	return d.Read(ctx, func(tx *Tx) error {
		ran, err := All(tx, scanMigration, selectMigration)
		if err != nil {
			return ErrOlderSchema.Fill("every table").Because(err)
		}
		if err := compare(wanted, ran); err != nil {
			return err
		}
		for _, m := range wanted {
			if !slices.ContainsFunc(ran, func(r migration) bool { return r.key() == m.key() }) {
				return ErrOlderSchema.Fill(m.key())
			}
		}
		return nil
	})
}

// bootstrap makes this package's own tables. Two processes may do so at once: PostgreSQL then answers one of them with
// a unique violation in its catalogue, and the second try finds the tables there.
func (d *DB) bootstrap(ctx context.Context) error {
	create := func(tx *Tx) error {
		for _, q := range []string{createMigration, createSetting, createHead, createMark} {
			if tx.Engine() == SQLite {
				q = liteTypes.Replace(q)
			} else if q == createMark {
				continue
			}
			if _, err := tx.Exec(q); err != nil {
				return err
			}
		}
		_, err := tx.Exec(touchMigration)
		return err
	}
	err := d.Write(ctx, create)
	if IsUnique(err) {
		err = d.Write(ctx, create)
	}
	return err
}

func listMigrations(schemas []Schema) (list []migration, err error) {
	for _, s := range schemas {
		names, err := fs.Glob(s.FS, "schema/*.sql")
		if err != nil {
			return nil, err
		}
		slices.Sort(names)
		for i, name := range names {
			text, err := fs.ReadFile(s.FS, name)
			if err != nil {
				return nil, err
			}
			base := path.Base(name)
			version, err := strconv.Atoi(base[:min(4, len(base))])
			if err != nil || version != i+1 {
				return nil, fmt.Errorf("db: %s/%s: schema files are numbered 0001, 0002, … without a gap", s.Package, name)
			}
			sum := sha256.Sum256(text)
			list = append(list, migration{s.Package, version, base, hex.EncodeToString(sum[:8]), string(text)})
		}
	}
	return list, nil
}

func scanMigration(r Row) (m migration, err error) {
	err = r.Scan(&m.pkg, &m.version, &m.name, &m.digest)
	return m, err
}

// compare holds what ran against what we know.
func compare(wanted, ran []migration) error {
	for _, r := range ran {
		i := slices.IndexFunc(wanted, func(m migration) bool { return m.pkg == r.pkg && m.version == r.version })
		if i < 0 {
			return ErrNewerSchema.Fill(r.key())
		}
		if wanted[i].digest != r.digest {
			return ErrSchemaChanged.Fill(r.key())
		}
	}
	return nil
}

// apply runs one file unless it ran already, under a lock that keeps a second process from running it too.
func (d *DB) apply(tx *Tx, at time.Time, wanted []migration, m migration) error {
	var lock string
	if err := tx.Row(lockMigration + tx.ForUpdate()).Scan(&lock); err != nil {
		return err
	}
	ran, err := All(tx, scanMigration, selectMigration)
	if err != nil {
		return err
	}
	if err := compare(wanted, ran); err != nil {
		return err
	}
	if slices.ContainsFunc(ran, func(r migration) bool { return r.key() == m.key() }) {
		return nil
	}
	if err := runScript(tx, m.text); err != nil {
		return err
	}
	_, err = tx.Exec(insertMigration, m.pkg, m.version, m.name, m.digest, at.UnixMicro())
	return err
}

// postgresMarks gives PostgreSQL what the marks ask of it.
var postgresMarks = strings.NewReplacer("\n); -- clustered", "\n);", "\n); -- updated", "\n) with (fillfactor = 80);")

// runScript runs the statements of a schema file one by one; no statement of ours holds a semicolon at a line's end.
func runScript(tx *Tx, text string) error {
	if tx.Engine() == SQLite {
		text = liteTypes.Replace(text)
	} else {
		text = postgresMarks.Replace(text)
	}
	for _, q := range strings.SplitAfter(text, ";\n") {
		if blank(q) {
			continue
		}
		if _, err := tx.Exec(strings.TrimRight(strings.TrimSpace(q), ";")); err != nil {
			return fmt.Errorf("%w in %q", err, q)
		}
	}
	return nil
}

// blank says whether nothing but comments is left of a script.
func blank(q string) bool {
	for line := range strings.Lines(q) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "--") {
			return false
		}
	}
	return true
}
