package lease

const (
	selectHolder = `select epoch, beat, holder from lease_holder where name = $1`
	insertHolder = `insert into lease_holder (name, holder, epoch, beat) values ($1, $2, 1, 0) on conflict (name) do nothing`
	renewHolder  = `update lease_holder set beat = beat + 1 where name = $1 and epoch = $2 and holder = $3`
	takeHolder   = `update lease_holder set holder = $2, epoch = epoch + 1, beat = 0 where name = $1 and epoch = $3 and beat = $4`
	leaveHolder  = `update lease_holder set holder = '', beat = beat + 1 where name = $1 and epoch = $2 and holder = $3`
)
