package db

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"slices"
	"syscall"

	"billfold/base/fault"
	"billfold/base/lang"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"zombiezen.com/go/sqlite"
)

// errSerialize marks a transaction that lost a race it may run again.
var errSerialize = errors.New("db: the transaction must run again")

// ErrNewerSchema says that a newer Billfold wrote this database.
var ErrNewerSchema = fault.Define(fault.Unavailable, "schema_newer",
	lang.Text{EN: "The database is newer than this program", ZH: "数据库版本比本程序新"},
	lang.Text{
		EN: "A newer Billfold has changed this database (%s). Start that version, or a newer one. Nothing was changed.",
		ZH: "更新版本的 Billfold 已升级该数据库（%s）。请使用该版本或更新的版本启动。未做任何更改。",
	})

// ErrOlderSchema says that the database has not been migrated.
var ErrOlderSchema = fault.Define(fault.Unavailable, "schema_older",
	lang.Text{EN: "The database is older than this program", ZH: "数据库版本比本程序旧"},
	lang.Text{
		EN: "Run `billfold migrate` first (%s is missing). Nothing was changed.",
		ZH: "请先运行 `billfold migrate`（缺少 %s）。未做任何更改。",
	})

// ErrSchemaChanged says that a schema file that already ran is not what it was.
var ErrSchemaChanged = fault.Define(fault.Internal, "schema_changed",
	lang.Text{EN: "A migration that already ran has been edited", ZH: "已执行的迁移文件被修改"},
	lang.Text{
		EN: "%s differs from what was applied to this database. Migrations are forward only: restore it, and add a new one.",
		ZH: "%s 与数据库中已执行的内容不同。迁移只能向前：请恢复原文件并新增迁移。",
	})

// UniqueError says which unique rule a row met. On SQLite Constraint is "table.column, …", on PostgreSQL the rule's name.
type UniqueError struct {
	Constraint string
	Err        error
}

func (e *UniqueError) Error() string { return "db: a row with this key exists: " + e.Constraint }
func (e *UniqueError) Unwrap() error { return e.Err }

// IsUnique says whether a unique rule refused the row. The transaction it happened in can only fail: prefer
// `on conflict do nothing` where the case is expected.
func IsUnique(err error) bool {
	var u *UniqueError
	return errors.As(err, &u)
}

func errInternal(err error) error    { return fault.ErrInternal.Because(err) }
func errUnavailable(err error) error { return fault.ErrUnavailable.Because(err) }
func errUnknown(err error) error     { return fault.ErrOutcomeUnknown.Because(err) }
func errReadOnly(err error) error    { return fault.ErrReadOnly.Because(err) }
func errFull(err error) error        { return fault.ErrStorageFull.Because(err) }
func errDamaged(err error) error     { return fault.ErrDamaged.Because(err) }
func errClosed() error               { return errUnavailable(errors.New("db: closed")) }
func errLost() error                 { return errInternal(errors.New("db: the transaction was lost")) }

// Apart says whether bodies that failed together in one transaction are to be tried each in one of their own: one of them failed, or broke
// a rule of the database, or sent what it does not take, or met a damaged row, and took the others with it. Where the storage takes nothing
// or the outcome is unknown they are not.
func Apart(err error) bool {
	_, known := fault.As(err)
	return err != nil && (!known || errors.Is(err, fault.ErrInternal) || errors.Is(err, fault.ErrInvalid) ||
		errors.Is(err, fault.ErrDamaged))
}

func isFull(err error) bool        { return errors.Is(err, fault.ErrStorageFull) }
func isReadOnly(err error) bool    { return errors.Is(err, fault.ErrReadOnly) }
func isUnavailable(err error) bool { return errors.Is(err, fault.ErrUnavailable) }

// waitedTooLong names a wait that ended before the body began, so nothing was written: the caller's own end of
// patience, or a queue that did not move.
func waitedTooLong(ctx context.Context) error {
	return fault.ErrBusy.Because(fmt.Errorf("waited for the database: %w", context.Cause(ctx)))
}

// interrupted names the end of a read that ran out of its time.
func interrupted(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return waitedTooLong(ctx)
	}
	return err
}

// fileError names why a file of the data folder could not be used.
func fileError(err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return errFull(err)
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		return errReadOnly(err)
	}
	return errUnavailable(err)
}

// liteError maps SQLite's result codes (https://www.sqlite.org/rescode.html) to our faults.
func liteError(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := fault.As(err); ok {
		return err
	}
	code := sqlite.ErrCode(err)
	switch code {
	case sqlite.ResultConstraintUnique, sqlite.ResultConstraintPrimaryKey, sqlite.ResultConstraintRowID:
		return &UniqueError{Constraint: err.Error(), Err: err}
	}
	switch code.ToPrimary() {
	case sqlite.ResultFull:
		return errFull(err)
	case sqlite.ResultReadOnly, sqlite.ResultPerm:
		return errReadOnly(err)
	case sqlite.ResultBusy, sqlite.ResultLocked, sqlite.ResultCantOpen, sqlite.ResultIOErr, sqlite.ResultNoMem,
		sqlite.ResultInterrupt:
		return errUnavailable(err)
	case sqlite.ResultCorrupt, sqlite.ResultNotADB:
		return errDamaged(err)
	}
	return err
}

// postgresError maps SQLSTATE classes (PostgreSQL documentation, appendix A) to our faults.
func postgresError(err error) error {
	if err == nil || errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	if _, ok := fault.As(err); ok {
		return err
	}
	var pe *pgconn.PgError
	if !errors.As(err, &pe) {
		var netErr net.Error
		if errors.As(err, &netErr) || errors.Is(err, context.DeadlineExceeded) || pgconn.SafeToRetry(err) || isBroken(err) {
			return errUnavailable(err)
		}
		return err
	}
	switch pe.Code {
	case "23505":
		return &UniqueError{Constraint: pe.ConstraintName, Err: err}
	case "40001", "40P01":
		return fmt.Errorf("%w: %w", errSerialize, err)
	case "53100":
		return errFull(err)
	case "25P03": // the server ended a transaction in which nothing happened for too long
		return errUnavailable(err)
	case "25006":
		return errReadOnly(err)
	case "XX001", "XX002": // a table or an index whose pages cannot be right
		return errDamaged(err)
	case "22021": // a text with the character nought or with what is no UTF-8: whoever sent it is told so (see Keeps)
		return fault.ErrInvalid.Because(err)
	}
	if ofDamage(pe) {
		return errDamaged(err)
	}
	switch pe.Code[:2] {
	case "08", "53", "57", "58":
		return errUnavailable(err)
	}
	return err
}

// storageFiles are the sources of PostgreSQL that read what lies on disk. What cannot be there has no code of its own everywhere: a pointer
// to a page far behind the end of its file is an internal error, and a file that is gone is one that the system did not find.
var storageFiles = []string{"md.c", "slru.c", "bufmgr.c", "bufpage.c", "nbtpage.c", "nbtsearch.c", "nbtinsert.c", "nbtutils.c",
	"heaptoast.c", "detoast.c", "toast_internals.c", "mcxt.c"}

// ofDamage says whether the server met in its files what it never wrote there.
func ofDamage(pe *pgconn.PgError) bool {
	return (pe.Code == "XX000" || pe.Code == "58P01") && slices.Contains(storageFiles, pe.File)
}

// waitedForLock says whether a transaction waited for another one for longer than it wanted (lock_not_available).
func waitedForLock(err error) bool {
	var pe *pgconn.PgError
	return errors.As(err, &pe) && pe.Code == "55P03"
}

// isBroken says whether the connection itself ended.
func isBroken(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, syscall.EPIPE) || errors.Is(err, net.ErrClosed) || err.Error() == "conn closed"
}
