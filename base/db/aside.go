package db

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5"

	"billfold/base/fault"
	"billfold/base/lang"
)

// ErrInUse says that other processes have the database open.
var ErrInUse = fault.Define(fault.Conflict, "database_in_use",
	lang.Text{EN: "Others have this database open", ZH: "另有进程正在使用该数据库"},
	lang.Text{EN: "%s more Billfold processes are connected. Stop them first. Nothing was changed.",
		ZH: "另有 %s 个 Billfold 进程已连接。请先停止它们。未做任何更改。"})

// processName is the application_name of a process of ours.
const processName = "billfold/%d-%08x"

// Others counts the other processes of Billfold that are connected to the database. On SQLite there are none, because the folder's lock
// keeps them out.
func (d *DB) Others(ctx context.Context) (n int, err error) {
	p, ok := d.back.(*postgres)
	if !ok {
		return 0, nil
	}
	err = d.Read(ctx, func(tx *Tx) error { return tx.Row(countOthers, p.name).Scan(&n) })
	return n, err
}

// SetAside moves a whole database out of the way and leaves an empty place: a file of SQLite with what lies beside it into the folder of
// that name next to it, the schema of PostgreSQL under that name. What was moved can be opened there. Done again it changes nothing, so
// that a process which died in the middle can be followed by another that does it from the start. Nobody may have the database open: it
// refuses with data_folder_in_use or database_in_use.
func SetAside(ctx context.Context, o Options, name string) error {
	if o.DSN != "" {
		return setSchemaAside(ctx, o.DSN, name)
	}
	lock, err := lockFolder(o.Path)
	if err != nil {
		return err
	}
	defer lock.release()
	dir := filepath.Dir(o.Path)
	to := filepath.Join(dir, name)
	if err := os.MkdirAll(to, 0o700); err != nil {
		return fileError(err)
	}
	// In this order, so that a second try finds what the first one left: the file last would leave its log, if any, to a new file.
	for _, end := range []string{"", "-shm", "-wal"} {
		from := o.Path + end
		if err := os.Rename(from, filepath.Join(to, filepath.Base(from))); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fileError(err)
		}
	}
	return errors.Join(syncFolder(to), syncFolder(dir))
}

func setSchemaAside(ctx context.Context, dsn, name string) error {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return errUnavailable(hideDSN(err))
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return errUnavailable(hideDSN(err))
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var done, others int
	var schema string
	if err := errors.Join(conn.QueryRow(ctx, existsSchema, name).Scan(&done), conn.QueryRow(ctx, countOthers, "").Scan(&others),
		conn.QueryRow(ctx, currentSchema).Scan(&schema)); err != nil {
		return fmt.Errorf("look at the schemas: %w", err)
	}
	if done > 0 {
		return nil
	}
	if others > 0 {
		return ErrInUse.Fill(fmt.Sprint(others))
	}
	from, to := pgx.Identifier{schema}.Sanitize(), pgx.Identifier{name}.Sanitize()
	// Both in one transaction: DDL of PostgreSQL is undone like anything else.
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, fmt.Sprintf(renameSchema, from, to)); err != nil {
			return fmt.Errorf("rename the schema: %w", err)
		}
		_, err := tx.Exec(ctx, fmt.Sprintf(createSchema, from))
		return err
	})
}
