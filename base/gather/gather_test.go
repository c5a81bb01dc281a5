package gather

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"billfold/base/fault"
)

type wish struct {
	Turn
	n      int
	served int32
}

func TestEverybodyIsServedOnceByFewLanes(t *testing.T) {
	const callers, lanes, most = 2000, 3, 16
	line := &Line[*wish]{Lanes: lanes, Most: most, Room: callers}
	var busy, groups atomic.Int32
	serve := func(group []*wish) {
		if n := busy.Add(1); n > lanes {
			t.Errorf("%d groups at once", n)
		}
		if len(group) > most {
			t.Errorf("a group of %d", len(group))
		}
		groups.Add(1)
		for _, w := range group {
			w.served++
		}
		busy.Add(-1)
		for _, w := range group {
			w.Done()
		}
	}
	var all sync.WaitGroup
	for n := range callers {
		all.Go(func() {
			w := &wish{n: n}
			if err := line.Wait(t.Context(), w, 1, serve); err != nil || w.served != 1 {
				t.Errorf("caller %d: %v, served %d times", n, err, w.served)
			}
		})
	}
	all.Wait()
	if g := groups.Load(); g == callers {
		t.Error("nobody shared")
	}
}

// TestGroupsFormBehindALane: those who come while the lanes are taken are served together, in their order and within the weight of a group.
func TestGroupsFormBehindALane(t *testing.T) {
	line := &Line[*wish]{Lanes: 1, Most: 3, Room: 7}
	entered, leave := make(chan struct{}), make(chan struct{})
	var seen [][]int
	serve := func(group []*wish) {
		var ns []int
		for _, w := range group {
			ns = append(ns, w.n)
		}
		if seen = append(seen, ns); ns[0] == 0 {
			close(entered)
			<-leave
		}
		for _, w := range group {
			w.Done()
		}
	}
	var all sync.WaitGroup
	all.Go(func() { line.Wait(t.Context(), &wish{}, 1, serve) })
	<-entered
	var added []*wish
	for n, weight := range []int{2, 1, 5, 1} {
		w := &wish{n: n + 1}
		w.weight, w.done = weight, make(chan struct{})
		if err := line.add(w, serve); (err != nil) != (n >= 2 && weight == 5) {
			t.Errorf("caller %d: %v", n+1, err)
		} else if err == nil {
			added = append(added, w)
		}
	}
	close(leave)
	all.Wait()
	for _, w := range added {
		<-w.done
	}
	if err := line.Wait(t.Context(), &wish{n: 9}, 1, serve); err != nil {
		t.Fatal(err)
	}
	want := [][]int{{0}, {1, 2}, {4}, {9}}
	line.mu.Lock()
	defer line.mu.Unlock()
	if len(seen) != len(want) {
		t.Fatalf("groups %v, want %v", seen, want)
	}
	for i := range want {
		if len(seen[i]) != len(want[i]) || seen[i][0] != want[i][0] {
			t.Errorf("groups %v, want %v", seen, want)
		}
	}
}

// TestAFewWaitForMore: while a group is under way, one who comes alone waits for it or for company.
func TestAFewWaitForMore(t *testing.T) {
	line := &Line[*wish]{Lanes: 2, Most: 4, Least: 2, Room: 9}
	groups, leave := make(chan []*wish), make(chan struct{})
	serve := func(group []*wish) {
		groups <- group
		<-leave
		for _, w := range group {
			w.Done()
		}
	}
	var all sync.WaitGroup
	come := func() { all.Go(func() { line.Wait(t.Context(), &wish{}, 1, serve) }) }
	there := func(waiting, lanes int) {
		t.Helper()
		for {
			line.mu.Lock()
			w, o := len(line.list), line.open
			line.mu.Unlock()
			if w == waiting && o <= lanes {
				return
			}
			runtime.Gosched()
		}
	}
	come()
	if g := <-groups; len(g) != 1 {
		t.Fatalf("a group of %d", len(g))
	}
	come()
	there(1, 1) // no lane is opened for one
	come()
	if g := <-groups; len(g) != 2 {
		t.Fatalf("a group of %d beside the first", len(g))
	}
	come()
	there(1, 2)
	leave <- struct{}{} // a group is still under way: its lane takes up who waits
	there(1, 1)
	leave <- struct{}{}
	if g := <-groups; len(g) != 1 {
		t.Fatalf("a group of %d when none was under way", len(g))
	}
	leave <- struct{}{}
	all.Wait()
	there(0, 0)
}

// TestAGroupIsTakenUpWhenThereIsRoomForIt: those who come while another group could not be served yet are in it.
func TestAGroupIsTakenUpWhenThereIsRoomForIt(t *testing.T) {
	asked, room := make(chan struct{}), make(chan struct{})
	line := &Line[*wish]{Lanes: 1, Most: 4, Room: 9, Ready: func() { asked <- struct{}{}; <-room }}
	groups := make(chan int, 9)
	var all sync.WaitGroup
	come := func() {
		all.Go(func() {
			line.Wait(t.Context(), &wish{}, 1, func(group []*wish) {
				groups <- len(group)
				for _, w := range group {
					w.Done()
				}
			})
		})
	}
	come()
	<-asked // the lane of the first waits for room
	come()
	come()
	for waiting := 0; waiting < 3; runtime.Gosched() {
		line.mu.Lock()
		waiting = len(line.list)
		line.mu.Unlock()
	}
	room <- struct{}{}
	if n := <-groups; n != 3 {
		t.Errorf("a group of %d, three had come", n)
	}
	go func() {
		for range asked {
			room <- struct{}{}
		}
	}()
	all.Wait()
}

// TestWhoLeavesIsNotServed: before it was taken up a caller may leave; the lane that then finds nobody goes on or says that it has ended.
func TestWhoLeavesIsNotServed(t *testing.T) {
	line := &Line[*wish]{Lanes: 1, Most: 3, Room: 7}
	line.open = 1 // a lane that is busy elsewhere
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	w := &wish{}
	err := line.Wait(gone, w, 1, nil)
	if f, ok := fault.As(err); !ok || !errors.Is(f, fault.ErrBusy) {
		t.Fatal(err)
	}
	group, over := line.take(true)
	if len(group) != 0 || over == (line.open == 1) {
		t.Errorf("took up %v, over %v, %d lanes", group, over, line.open)
	}
	if line.weight != 0 {
		t.Errorf("%d still weigh", line.weight)
	}
}
