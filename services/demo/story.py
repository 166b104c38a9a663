"""The story: one pupil leaves Hải Phòng in the middle of term 2 and arrives in Quảng Ninh."""

from services.demo.arrival import Arrival
from services.demo.doubt import Doubt
from services.demo.scene import FIRST_DAY, LAST_DAY, OLD_CLASS
from services.demo.year import Year


class Story(Arrival, Year, Doubt):
    """The scenes, in order. Each does the real thing and shows what came of it."""

    def tell(self) -> None:
        """The whole story."""
        self.import_data()
        self.show_roster(self.origin, OLD_CLASS, LAST_DAY)
        self.arrive_before_the_papers()
        case = self.transfer()
        self.show_roster(self.origin, OLD_CLASS, FIRST_DAY)
        self.show_sheet()
        self.compare_results(case)
        self.end_the_year()
        self.supplement(case)
        self.correct()
        self.recall(self.refuse_forgery())
