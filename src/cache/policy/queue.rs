//! Queues of places, linked through an array that has a link for each place: every step takes constant time.

use super::Place;

/// For each place its neighbours, each as the number of the place plus one, or 0 for none; and the queue's name.
#[derive(Debug)]
pub(super) struct Links(Box<[[u32; 3]]>);

const BEFORE: usize = 0;
const BEHIND: usize = 1;
const NAME: usize = 2;

impl Links {
    pub(super) fn new(places: usize) -> Self {
        Self(vec![[0; 3]; places].into_boxed_slice())
    }

    fn neighbour(&self, place: Place, side: usize) -> Option<Place> {
        self.0[place.index()][side].checked_sub(1).map(Place)
    }

    fn link(&mut self, place: Place, side: usize, neighbour: Option<Place>) {
        self.0[place.index()][side] = neighbour.map_or(0, |neighbour| neighbour.0 + 1);
    }

    /// The name of the queue that a place was pushed to last.
    pub(super) fn name(&self, place: Place) -> u32 {
        self.0[place.index()][NAME]
    }
}

/// First in, first out; and out of the middle.
#[derive(Debug)]
pub(super) struct Queue {
    front: Option<Place>,
    back: Option<Place>,
    len: usize,
    name: u32,
}

impl Queue {
    pub(super) fn new(name: u32) -> Self {
        Self { front: None, back: None, len: 0, name }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn front(&self) -> Option<Place> {
        self.front
    }

    pub(super) fn push_back(&mut self, links: &mut Links, place: Place) {
        links.link(place, BEFORE, self.back);
        links.link(place, BEHIND, None);
        links.0[place.index()][NAME] = self.name;
        match self.back {
            Some(back) => links.link(back, BEHIND, Some(place)),
            None => self.front = Some(place),
        }
        self.back = Some(place);
        self.len += 1;
    }

    pub(super) fn remove(&mut self, links: &mut Links, place: Place) {
        debug_assert_eq!(links.name(place), self.name, "a place is taken out of its own queue");
        let (before, behind) = (links.neighbour(place, BEFORE), links.neighbour(place, BEHIND));
        match before {
            Some(before) => links.link(before, BEHIND, behind),
            None => self.front = behind,
        }
        match behind {
            Some(behind) => links.link(behind, BEFORE, before),
            None => self.back = before,
        }
        self.len -= 1;
    }

    /// From the front to the back.
    pub(super) fn places(&self, links: &Links) -> impl Iterator<Item = Place> {
        std::iter::successors(self.front, |&place| links.neighbour(place, BEHIND))
    }
}
