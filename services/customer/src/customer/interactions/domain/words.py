"""What kinds, channels, categories and products are called in the descriptions of features, in two languages."""

from collections.abc import Mapping
from typing import Final

from customer.interactions.domain.facts import Category, Channel, Kind, Product

KINDS: Final[Mapping[Kind, tuple[str, str]]] = {
    Kind.TRANSACTION: ("transactions", "交易"),
    Kind.LOGIN: ("logins", "登录"),
    Kind.VISIT: ("visits", "网点到访"),
    Kind.CALL: ("calls", "来电"),
    Kind.APP_EVENT: ("events in the app", "应用内事件"),
    Kind.ACCOUNT_CHANGED: ("account changes", "账户变更"),
    Kind.FEEDBACK: ("pieces of feedback", "反馈"),
    Kind.TICKET: ("steps of tickets", "排队号步骤"),
    Kind.APPOINTMENT: ("steps of appointments", "预约步骤"),
    Kind.JOURNEY: ("steps of journeys", "旅程步骤"),
    Kind.MESSAGE: ("messages", "消息"),
    Kind.SCREENING: ("screenings", "筛查"),
}
CHANNELS: Final[Mapping[Channel, tuple[str, str]]] = {
    Channel.BRANCH: ("the branch", "网点"),
    Channel.ATM: ("a cash machine", "自助机"),
    Channel.PHONE: ("the telephone", "电话"),
    Channel.WEB: ("the web", "网页"),
    Channel.APP: ("the app", "手机应用"),
    Channel.WECHAT: ("WeChat", "微信"),
    Channel.VIDEO: ("video", "视频"),
    Channel.EMAIL: ("e-mail", "电子邮件"),
    Channel.POST: ("the post", "邮寄"),
    Channel.PARTNER: ("a partner", "合作方"),
}
SPENDING: Final[Mapping[Category, tuple[str, str]]] = {
    Category.HOUSEHOLD: ("the household", "家用"),
    Category.GROCERIES: ("groceries", "食品杂货"),
    Category.DINING: ("dining", "餐饮"),
    Category.TRANSPORT: ("transport", "交通"),
    Category.TRAVEL: ("travel", "旅行"),
    Category.HEALTH: ("health", "医疗健康"),
    Category.EDUCATION: ("education", "教育"),
    Category.ENTERTAINMENT: ("entertainment", "娱乐"),
    Category.SHOPPING: ("shopping", "购物"),
    Category.INSURANCE: ("insurance", "保险"),
    Category.LOAN: ("loans", "还贷"),
    Category.FEES: ("fees", "费用"),
    Category.CASH: ("cash", "取现"),
    Category.TRANSFER: ("transfers", "转账"),
    Category.OTHER: ("anything else", "其他"),
}
PRODUCTS: Final[Mapping[Product, tuple[str, str]]] = {
    Product.CURRENT_ACCOUNT: ("a current account", "活期账户"),
    Product.SAVINGS: ("savings", "储蓄"),
    Product.CREDIT_CARD: ("a credit card", "信用卡"),
    Product.LOAN: ("a loan", "贷款"),
    Product.MORTGAGE: ("a mortgage", "住房按揭"),
    Product.INVESTMENT: ("an investment", "投资"),
    Product.INSURANCE: ("an insurance", "保险"),
}
