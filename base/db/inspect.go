package db

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"billfold/base/fault"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// damagesMost bounds what is said of one table.
	damagesMost = 20
	// inspectShare is what part of the limit one table has: with ten million entries there are dozens that are not got through.
	inspectShare = 8
)

// Inspect has the engine look at its own pages: that each is what it should be, and that every index has the rows of its table and no
// others. What reads a table by its indexes cannot know that. say is called for each damage, in the engine's words. On PostgreSQL it takes
// the extension amcheck; able is false where that is not there or not ours to use. SQLite gets through all of it within limit, or it is
// asked table by table, as PostgreSQL is, and what then needs more than an eighth of limit each is left, by name.
//
// On SQLite it is one long reading: the log of writes grows meanwhile.
func (d *DB) Inspect(ctx context.Context, limit time.Duration, say func(what string)) (able bool, left []string, err error) {
	if d.engine == Postgres {
		return d.inspectPostgres(ctx, limit, say)
	}
	look := func(what string, limit time.Duration) (string, error) {
		said, err := d.inspectOne(ctx, limit, say, fmt.Sprintf(liteInspect, what))
		switch {
		case errors.Is(err, fault.ErrDamaged):
			if said == 0 {
				say(err.Error())
			}
			return "", nil
		case errors.Is(err, fault.ErrBusy) && ctx.Err() == nil:
			return what, nil
		}
		return "", err
	}
	// The whole file, with the pages that nobody uses; where that takes too long, table by table.
	unseen, err := look(strconv.Itoa(damagesMost), limit)
	if err != nil || unseen == "" {
		return true, nil, err
	}
	tables, err := Read(ctx, d, func(tx *Tx) ([]string, error) {
		return All(tx, func(r Row) (name string, err error) { return name, r.Scan(&name) }, liteTables)
	})
	if err != nil {
		return true, nil, err
	}
	for _, name := range tables {
		unseen, err := look(name, limit/inspectShare)
		if err != nil {
			return true, left, err
		}
		if unseen != "" {
			left = append(left, unseen)
		}
	}
	return true, left, nil
}

func (d *DB) inspectPostgres(ctx context.Context, limit time.Duration, say func(what string)) (able bool, left []string, err error) {
	type relation struct {
		name  string
		index bool
	}
	var all []relation
	err = d.Read(ctx, func(tx *Tx) error {
		err := tx.Row(postgresInspector).Scan(&able)
		if err != nil || !able {
			return err
		}
		all, err = All(tx, func(r Row) (one relation, err error) { return one, r.Scan(&one.name, &one.index) }, postgresTables)
		return err
	})
	if err != nil || !able {
		return able, nil, err
	}
	limit /= inspectShare
	for _, one := range all {
		q := postgresInspectTable
		if one.index {
			q = postgresInspectIndex
		}
		sayOf := func(what string) { say(one.name + ": " + what) }
		_, err := d.inspectOne(ctx, limit, sayOf, q, pgx.Identifier{one.name}.Sanitize())
		var pe *pgconn.PgError
		switch {
		case err == nil:
		case errors.As(err, &pe) && pe.Code[:2] == "XX":
			sayOf(pe.Message)
		case errors.Is(err, fault.ErrBusy) && ctx.Err() == nil:
			left = append(left, one.name)
		default:
			return true, left, err
		}
	}
	return true, left, nil
}

// inspectOne says what a statement of the engine's finds, a few damages of each table, and how many that were.
func (d *DB) inspectOne(ctx context.Context, limit time.Duration, say func(what string), q string, args ...any) (said int, err error) {
	err = d.back.read(ctx, limit, func(tx *Tx) error {
		_, err := All(tx, func(r Row) (none struct{}, err error) {
			var found string
			if err = r.Scan(&found); err == nil && found != "" && found != "ok" && said < damagesMost {
				said++
				say(found)
			}
			return none, err
		}, q, args...)
		return err
	})
	return said, err
}
