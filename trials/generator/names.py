"""Given and family names of Morocco, in Arabic and in the Latin spellings of papers.

The first Latin spelling is the register's. The lists are everyday knowledge, gathered by hand; a name is the more
frequent the earlier it comes.
"""

from typing import NamedTuple


class Name(NamedTuple):
    """One name in Arabic, with its usual Latin spellings."""

    ar: str
    la: tuple[str, ...]


def parsed(lines: str) -> tuple[Name, ...]:
    """Reads lines of `Arabic Latin/Latin/...`, in which an underscore stands for a blank."""
    names = []
    for line in lines.split("\n"):
        if line.strip():
            arabic, latin = line.split()
            names.append(Name(arabic.replace("_", " "), tuple(each.replace("_", " ") for each in latin.split("/"))))
    return tuple(names)


MALE = parsed("""
محمد Mohamed/Mohammed/Mohamad
أحمد Ahmed/Ahmad
يوسف Youssef/Yousef/Youssouf
حسن Hassan/Hasan
عبد_الله Abdellah/Abdallah
رشيد Rachid/Rashid
سعيد Said/Saïd
مصطفى Mustapha/Mostafa/Moustapha
خالد Khalid/Khaled
كريم Karim/Kareem
عمر Omar/Oumar
إبراهيم Ibrahim/Brahim
عبد_الرحيم Abderrahim/Abd_Errahim/Abdelrahim
عبد_العزيز Abdelaziz/Abdel_Aziz
حميد Hamid
إدريس Driss/Idriss
ياسين Yassine/Yasin/Yassin
أمين Amine/Amin
هشام Hicham/Hisham
نور_الدين Noureddine/Nour_Eddine/Nouredine
علي Ali
حسين Houcine/Hussein/Houssein
طارق Tarik/Tariq/Tarek
عبد_الكريم Abdelkrim/Abdelkarim
جمال Jamal/Djamal
أيوب Ayoub/Ayyoub
زكرياء Zakaria/Zakariya/Zakarya
بلال Bilal/Billal
أنس Anas/Anass
حمزة Hamza/Hamzah
مهدي Mehdi/Mahdi
سفيان Soufiane/Sofiane/Soufian
عادل Adil/Adel
عثمان Othmane/Otmane/Othman
المختار Mokhtar/Moktar
لحسن Lahcen/Lahsen/Lahcene
موحا Moha
إسماعيل Ismail/Ismaïl/Smail
سليمان Soulaimane/Slimane/Soulayman
بوشعيب Bouchaib/Bouchaïb
ميمون Mimoun/Mimoune
العربي Larbi
التهامي Touhami/Thouhami
جواد Jawad/Jaouad
نبيل Nabil/Nabile
فؤاد Fouad/Fouade
منير Mounir/Mounire
أسامة Oussama/Ousama/Osama
باسو Bassou/Basso
أوسعيد Ousaid/Oussaid
إيدير Idir
يونس Younes/Younès/Younnes
""")
FEMALE = parsed("""
فاطمة Fatima/Fatma
خديجة Khadija/Khadeja/Khadidja
عائشة Aicha/Aïcha/Aisha
فاطمة_الزهراء Fatima_Zahra/Fatimazahra/Fatima-Zahra/Fatima_Ezzahra
مريم Meryem/Maryam/Meriem
زينب Zineb/Zaineb/Zeineb
أمينة Amina
حليمة Halima
نادية Nadia/Nadya
سعاد Souad/Soued
رشيدة Rachida/Rashida
نعيمة Naima/Naïma
لطيفة Latifa/Lateefa
سميرة Samira
كريمة Karima
حنان Hanane/Hanan
إيمان Imane/Iman
سلمى Salma
هند Hind
سارة Sara/Sarah
كوثر Kaoutar/Kawtar/Kaouthar
أسماء Asmaa/Asma/Asmae
لمياء Lamia/Lamiae/Lamiaa
سناء Sanaa/Sanae/Sana
هدى Houda/Hoda
بشرى Bouchra/Bushra
نجاة Najat/Najate
مليكة Malika/Mallika
حياة Hayat/Hayate
جميلة Jamila/Djamila
ربيعة Rabia/Rabiaa
السعدية Saadia/Essaadia
زهرة Zahra
فتيحة Fatiha
حفيظة Hafida
سكينة Soukaina/Soukayna/Sokaina
هاجر Hajar/Hajare
غزلان Ghizlane/Ghizlan
نوال Nawal/Naoual
إلهام Ilham/Ilhame
ثورية Touria/Thouria
يامنة Yamna
إيطو Itto/Ittou
تودة Touda
رقية Rkia/Rokia/Roqia
زبيدة Zoubida/Zobida
وفاء Wafaa/Ouafae/Wafae
شيماء Chaimaa/Chaimae/Chayma
دعاء Douaa/Doae/Doaa
ملاك Malak/Malake
""")
FAMILY = parsed("""
العلوي El_Alaoui/Alaoui/Elalaoui
الإدريسي El_Idrissi/Idrissi/Elidrissi
بناني Bennani/Benani
العمراني El_Amrani/Amrani/Elamrani
التازي Tazi/Ettazi
الفاسي El_Fassi/Fassi/Elfassi
بنجلون Benjelloun/Ben_Jelloun/Bendjelloun
الشرايبي Chraibi/Chraïbi
الوزاني Ouazzani/El_Ouazzani/Wazzani
حمداوي Hamdaoui/Hamdawi
المنصوري El_Mansouri/Mansouri/Elmansouri
الخطابي El_Khattabi/Khattabi/Elkhattabi
الزياني Ziani/Zyani
أمزيان Ameziane/Amezian
أوزال Ouzal
آيت_لحسن Ait_Lahcen/Aït_Lahcen/Ait_Lahsen
آيت_علي Ait_Ali/Aït_Ali
أولاد_علي Oulad_Ali/Ouled_Ali
بوعزة Bouazza/Bouaza
بلحاج Belhaj/Bel_Haj/Belhadj
بنعلي Benali/Ben_Ali
بنموسى Benmoussa/Ben_Moussa
الكتاني Kettani/El_Kettani/Kettany
السقاط Sekkat/Skkat
الصقلي Sqalli/Skalli
لحلو Lahlou/Lahlo
برادة Berrada/Berada
جسوس Jessous/Jessouss
الناصري Naciri/Ennaciri/Nasiri
المرابط El_Mrabet/Mrabet/Elmrabet
الحداد El_Haddad/Haddad/Elhaddad
النجار Najjar/Ennajjar
الخياط El_Khayat/Khayat/Elkhayat
بوطالب Boutaleb/Boutalib
الشاوي Chaoui/Chawi
الدكالي Doukkali/Doukali/Eddoukkali
الرحماني Rahmani/Errahmani
الزموري Zemmouri/Zemouri
السوسي Soussi/Essoussi
الريفي Rifi/Erriffi
الجبلي Jebli/Djebli
الورياغلي Ouriaghli/El_Ouriaghli
أزواغ Azouagh
أقشار Akchar/Aqchar
بورقية Bourqia/Bourkia
تيجاني Tijani/Tidjani
جابري Jabri/Djabri
حجي Hajji/Haji
خلدون Khaldoun/Khaldoune
داودي Daoudi/Dawdi
ركراكي Regragui/Regragi
الزروالي Zerouali
سعدي Saadi/Sa'di
شفيق Chafik/Chafiq
صابر Saber/Sabir
طاهري Tahiri/Tahri
عزوزي Azzouzi/Azouzi
غازي Ghazi
فتحي Fathi/Fethi
قاسمي Kasmi/Kassimi
كمال Kamal
لعروسي Laaroussi/Laroussi
مسعودي Messaoudi/Massaoudi
نجيب Najib
هلالي Hilali
وهبي Wahbi/Ouahbi
يعقوبي Yaacoubi/Yakoubi
أوحساين Ouhssaine/Ouhsaine
إيمزورن Imzouren
أعراب Aarab/Arab
بوستة Boucetta/Bousta
مومن Moumen/Moumene
رمزي Ramzi
صديقي Seddiki/Sadiki
غربي Gharbi
شرقاوي Cherkaoui/Charkaoui/Cherqaoui
ميموني Mimouni
عبدي Abdi
نعيمي Naimi/Naïmi
حساني Hassani/Hasani
""")
FOREIGN = (
    (Name("مامادو", ("Mamadou",)), Name("ديالو", ("Diallo",)), "male"),
    (Name("أميناتا", ("Aminata",)), Name("تراوري", ("Traoré", "Traore")), "female"),
    (Name("إبراهيما", ("Ibrahima",)), Name("سيسي", ("Cissé", "Cisse")), "male"),
    (Name("مارياما", ("Mariama",)), Name("با", ("Bah", "Ba")), "female"),
    (Name("جان", ("Jean",)), Name("موريل", ("Morel",)), "male"),
    (Name("كلير", ("Claire",)), Name("دوفال", ("Duval",)), "female"),
    (Name("غريس", ("Grace",)), Name("أوكافور", ("Okafor",)), "female"),
    (Name("جوزيف", ("Joseph",)), Name("كواسي", ("Kouassi",)), "male"),
)
